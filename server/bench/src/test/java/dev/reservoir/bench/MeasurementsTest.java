// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each measurement answers, on the real substrate; how fast is not looked at. */
class MeasurementsTest {
    private static Subject subject;
    private static EngineMeasurement engine;
    private static Conversation conversation;

    @BeforeAll
    static void open() {
        subject = new Subject(1, System::nanoTime);
        engine = new EngineMeasurement(subject);
        conversation = new Conversation(BenchCommand.measurements(subject, engine));
    }

    @AfterAll
    static void close() throws Exception {
        engine.close();
        subject.close();
    }

    @Test
    void forwardCountsTheProductsOfAPass() {
        JsonObject answer = ask("{'measure':'forward','precision':'f32','sequences':2,'tokens':5,'millis':1}");

        double layer = 10 * 2.0 * (384 * 1152 + 384 * 384 + 384 * 1536 + 1536 * 384) + 2 * 2 * (2.0 * 5 * 5 * 384);
        assertThat(answer.get("flops").getAsDouble()).isEqualTo(6 * layer);
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void bareCountsTheFrozenProductsAlone() {
        JsonObject answer = ask("{'measure':'bare','precision':'f32','rows':3,'millis':1}");

        assertThat(answer.get("flops").getAsDouble())
                .isEqualTo(6 * 3 * 2.0 * (384 * 1152 + 384 * 384 + 2 * 384 * 1536));
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void theEncoderInDjlsOperatorsGivesTheSubstratesNumbers() {
        JsonObject answer = ask("{'measure':'djl','sequences':1,'tokens':7,'millis':1}");

        assertThat(answer.get("relativeDifference").getAsDouble()).isLessThan(1e-4);
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void engineAnswersTextsOfTheTokensThatWereAskedFor() {
        JsonObject answer =
                ask("{'measure':'engine','inFlight':3,'millis':1,'words':4,'vocabulary':['day','time','come']}");

        assertThat(answer.get("tokens").getAsInt()).isEqualTo(6);
        assertThat(answer.get("answers").getAsLong()).isGreaterThanOrEqualTo(3);
    }

    @Test
    void leastSquaresTellsItsRateAndThatOfTheBareProducts() {
        JsonObject answer = ask("{'measure':'least-squares','width':20,'classes':3,'minibatch':4,'millis':2}");

        assertThat(answer.get("examplesPerSecond").getAsDouble()).isPositive();
        assertThat(answer.get("bareNanos").getAsLong()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"fused", "sequential"})
    void trainCountsTheProductsThereAndBack(String mode) {
        JsonObject answer =
                ask("{'measure':'train','mode':'" + mode + "','heads':2,'examples':3,'tokens':5,'millis':1}");

        double frozen = 30 * 2.0 * (384 * 1152 + 384 * 384 + 384 * 1536 + 1536 * 384);
        double attention = 6 * 6 * (2.0 * 5 * 5 * 384);
        assertThat(answer.get("flops").getAsDouble()).isEqualTo(6 * (2 * frozen + attention));
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void trainRefusesAModeThatItDoesNotKnow() {
        JsonObject answer = conversation.answer(
                "{'measure':'train','mode':'both','heads':1,'examples':1,'tokens':1,'millis':1}".replace('\'', '"'));

        assertThat(answer.get("error").getAsString()).isEqualTo("mode: both (expected: fused or sequential)");
    }

    @Test
    void theStepInDjlsOperatorsGivesTheSubstratesGradients() {
        for (int heads = 1; heads <= 2; heads++) {
            JsonObject answer = ask("{'measure':'djl-train','heads':" + heads + ",'examples':2,'tokens':3,'millis':1}");

            assertThat(answer.get("relativeDifference").getAsDouble()).isLessThan(1e-3);
            assertThat(answer.get("nanos").getAsLong()).isPositive();
        }
    }

    @Test
    void thePartsOfAStepTakeTimeAndTheSubstrateLessThanTheWhole() {
        JsonObject answer = ask("{'measure':'train-parts','heads':2,'examples':1,'tokens':4,'millis':1}");

        assertThat(answer.get("substrateNanos").getAsLong())
                .isPositive()
                .isLessThan(2 * answer.get("nanos").getAsLong());
        assertThat(answer.get("productNanos").getAsLong()).isPositive();
        assertThat(answer.get("attentionNanos").getAsLong()).isPositive();
    }

    @Test
    void trainMemoryCountsThreeNumbersForEachThatLearns() {
        JsonObject answer = ask("{'measure':'train-memory','heads':3,'updates':2}");

        long numbers = 16 * 384 + 384 + 16 * 384 + 2 * 13 * 384 + 10 * 385;
        assertThat(answer.get("accountedBytes").getAsLong()).isBetween(3 * 12 * numbers, 3 * 13 * numbers);
        assertThat(answer.get("nanosPerExample").getAsLong()).isPositive();
    }

    @Test
    void memoryRefusesAKindThatItDoesNotKnow() {
        JsonObject answer = conversation.answer(
                "{'measure':'memory','kind':'much','heads':1,'examples':1,'vocabulary':['day']}".replace('\'', '"'));

        assertThat(answer.get("error").getAsString()).isEqualTo("kind: much (expected: gradient, private or shared)");
    }

    private static JsonObject ask(String request) {
        JsonObject answer = conversation.answer(request.replace('\'', '"'));
        assertThat(answer.get("error")).isNull();
        return answer;
    }
}
