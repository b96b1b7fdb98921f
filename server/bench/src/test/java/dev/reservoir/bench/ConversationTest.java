// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConversationTest {
    private final Conversation conversation = new Conversation(Map.of("double", request -> {
        JsonObject answer = new JsonObject();
        answer.addProperty("twice", 2 * request.integer("number", 0, 10));
        return answer;
    }));

    @Test
    void answersEachLineWithOneAndGoesOnAfterAWrongOne() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String lines =
                "{\"measure\":\"double\",\"number\":3}\n{nonsense\n\n[1]\n{\"measure\":\"double\",\"number\":4}\n";

        conversation.run(
                new BufferedReader(new StringReader(lines)), new PrintStream(out, true, StandardCharsets.UTF_8));

        List<String> answers = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(answers).hasSize(5);
        assertThat(answers.get(0)).isEqualTo("{\"twice\":6}");
        assertThat(answers.get(4)).isEqualTo("{\"twice\":8}");
        for (String wrong : answers.subList(1, 4)) {
            assertThat(JsonParser.parseString(wrong)
                            .getAsJsonObject()
                            .get("error")
                            .getAsString())
                    .startsWith("line: ")
                    .endsWith("(expected: a JSON object)");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {} | measure: null (expected: a string)
        {"measure":"triple"} | measure: triple (expected: of [double])
        {"measure":"double"} | number: null (expected: a whole number, 0 to 10)
        {"measure":"double","number":11} | number: 11 (expected: a whole number, 0 to 10)
        {"measure":"double","number":1.5} | number: 1.5 (expected: a whole number, 0 to 10)
        {"measure":"double","number":"x"} | number: "x" (expected: a whole number, 0 to 10)
        {"measure":"double","number":[]} | number: [] (expected: a whole number, 0 to 10)
        """)
    void saysWhatItExpected(String line, String error) {
        assertThat(conversation.answer(line).get("error").getAsString()).isEqualTo(error);
    }

    @Test
    void answersADefectWithItsName() {
        Conversation broken = new Conversation(Map.of("break", request -> {
            throw new IllegalStateException("broken");
        }));

        assertThat(broken.answer("{\"measure\":\"break\"}").get("error").getAsString())
                .isEqualTo("java.lang.IllegalStateException: broken");
    }
}
