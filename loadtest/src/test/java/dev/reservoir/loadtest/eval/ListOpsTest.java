// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ListOpsTest {
    @TempDir
    private Path folder;

    @Test
    void generatesValuesThatAnIndependentInterpreterConfirms() {
        Random random = new Random(7);
        Set<String> operations = new HashSet<>();
        Set<String> answers = new HashSet<>();
        for (int i = 0; i < 300; i++) {
            EvalTask.Item item = ListOps.item(random);
            List<String> words = words(item);
            operations.addAll(words);
            answers.add(item.example().getTarget().getLabel());
            assertThat(words).hasSizeBetween(100, 512);
            assertThat(item.example().getTarget().getLabel()).isEqualTo(Integer.toString(interpret(words)));
        }
        assertThat(operations).containsExactlyInAnyOrderElementsOf(ListOps.SYMBOLS);
        assertThat(answers).hasSize(10);
    }

    @Test
    void readsTheArenasFilesWithoutTheirRoundBrackets() throws Exception {
        EvalTask.Item item = ListOps.parse("here", "( ( ( [MED 1 ) 9 ) 4 ] )\t4");

        assertThat(words(item)).containsExactly("[MED", "1", "9", "4", "]");
        assertThat(item.example().getTarget().getLabel()).isEqualTo("4");
        for (String file : ListOps.FILES) {
            Files.writeString(folder.resolve(file), "Source\tTarget\n( ( [SM 1 ) 9 ] )\t0\n[MIN 3 4 ]\t3\n");
        }
        EvalTask task = ListOps.read(folder, new EvalTask.Amount(16, 500, 1));
        assertThat(task.heldOut().validation()).hasSize(2);
        assertThat(task.heldOut().test()).hasSize(1);
    }

    @Test
    void cutsSequencesLongerThanThePositions() {
        EvalTask.Item item = ListOps.parse("here", "[MAX " + "1 ".repeat(600) + "]\t1");

        assertThat(words(item)).hasSize(512).doesNotContain("]");
    }

    @Test
    void namesAMalformedLine() {
        assertThatThrownBy(() -> ListOps.parse("a.tsv:3", "[MAX 1 2 ]"))
                .hasMessageContaining("a.tsv:3: \"[MAX 1 2 ]\" (expected: an expression, a tab and a digit)");
        assertThatThrownBy(() -> ListOps.parse("a.tsv:3", "[AVG 1 2 ]\t1"))
                .hasMessageContaining("a.tsv:3: \"[AVG\" (expected: one of 0 1 2");
    }

    private static List<String> words(EvalTask.Item item) {
        return item.example().getObservation().getTokens().getSymbolsList().stream()
                .map(ListOps.SYMBOLS::get)
                .toList();
    }

    /** Reads from left to right with a stack, from the definition of the task alone. */
    private static int interpret(List<String> words) {
        Deque<List<String>> open = new ArrayDeque<>();
        open.push(new ArrayList<>());
        for (String word : words) {
            if (word.startsWith("[")) {
                open.push(new ArrayList<>(List.of(word)));
            } else if (word.equals("]")) {
                List<String> operation = open.pop();
                open.element().add(Integer.toString(apply(operation)));
            } else {
                open.element().add(word);
            }
        }
        assertThat(open).hasSize(1);
        assertThat(open.element()).hasSize(1);
        return Integer.parseInt(open.element().get(0));
    }

    private static int apply(List<String> operation) {
        List<Integer> values = new ArrayList<>();
        operation.subList(1, operation.size()).forEach(word -> values.add(Integer.parseInt(word)));
        Collections.sort(values);
        int count = values.size();
        int sum = 0;
        for (int value : values) {
            sum += value;
        }
        return switch (operation.get(0)) {
            case "[MIN" -> values.get(0);
            case "[MAX" -> values.get(count - 1);
            case "[MED" -> (int) Math.floor((values.get((count - 1) / 2) + values.get(count / 2)) / 2.0);
            case "[SM" -> sum % 10;
            default -> throw new IllegalArgumentException(operation.get(0));
        };
    }
}
