// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.Example;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How the text workloads divide their files, read here a second way. */
final class TextDataTest {

    private static final long SEED = 7;

    @Test
    void sentimentHoldsOutEqualPartsOfEachSourceAndLabel() throws IOException {
        Map<String, String> groupOfText = new HashMap<>();
        Map<String, Integer> occurrences = new HashMap<>();
        for (String line : ShippedFile.lines("sentiment.tsv.gz")) {
            String[] fields = line.split("\t", 3);
            groupOfText.put(fields[2], fields[0] + " " + fields[1]);
            occurrences.merge(fields[2], 1, Integer::sum);
        }
        Map<String, Integer> heldOut = new HashMap<>();
        for (Example example : SentimentData.load(SEED).test()) {
            String text = example.getObservation().getText();
            assertThat(occurrences.get(text)).isEqualTo(1);
            assertThat(groupOfText.get(text)).endsWith(example.getTarget().getLabel());
            heldOut.merge(Objects.requireNonNull(groupOfText.get(text)), 1, Integer::sum);
        }
        assertThat(heldOut).hasSize(6);
        assertThat(heldOut.values()).allMatch(count -> count == 166 || count == 167);
    }

    @Test
    void languageHoldsOutWholeArticlesAndSpecifiesHalfOfTheLabels() throws IOException {
        Map<String, Integer> articleOf = new HashMap<>();
        for (String line : ShippedFile.lines("udhr.tsv.gz")) {
            String[] fields = line.split("\t", 3);
            articleOf.put(fields[0] + fields[2], Integer.parseInt(fields[1]));
        }
        Workload workload = LanguageData.load(SEED);
        Set<Integer> trained = articles(workload.train(), articleOf);
        Set<Integer> tested = articles(workload.test(), articleOf);
        assertThat(tested).hasSize(8).doesNotContain(0).doesNotContainAnyElementsOf(trained);
        assertThat(trained).hasSize(23).contains(0);

        List<String> known = workload.spec().getTask().getClassification().getLabelsList();
        Set<String> all = workload.train().stream()
                .map(example -> example.getTarget().getLabel())
                .collect(Collectors.toSet());
        assertThat(known).hasSize(12);
        assertThat(all).hasSize(24).containsAll(known);
    }

    private static Set<Integer> articles(List<Example> examples, Map<String, Integer> articleOf) {
        Set<Integer> articles = new HashSet<>();
        for (Example example : examples) {
            articles.add(Objects.requireNonNull(articleOf.get(
                    example.getTarget().getLabel() + example.getObservation().getText())));
        }
        return articles;
    }
}
