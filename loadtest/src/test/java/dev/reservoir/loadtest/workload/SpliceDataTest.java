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
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The splice junctions against their file and against the biology. */
final class SpliceDataTest {

    private static final long SEED = 7;

    @Test
    void keepsEachUnambiguousSequenceOnce() throws IOException {
        Map<String, Set<String>> labels = new HashMap<>();
        for (String line : ShippedFile.lines("splice.tsv.gz")) {
            labels.computeIfAbsent(line.split("\t", 2)[1], bases -> new HashSet<>())
                    .add(line.split("\t", 2)[0]);
        }
        labels.values().removeIf(set -> set.size() > 1);
        Workload workload = SpliceData.load(SEED);
        Map<String, Set<String>> found = new HashMap<>();
        for (List<Example> part : List.of(workload.train(), workload.test())) {
            for (Example example : part) {
                String bases = example.getObservation().getTokens().getSymbolsList().stream()
                        .map(symbol -> List.of("A", "C", "G", "T").get(symbol))
                        .collect(Collectors.joining());
                assertThat(found.put(bases, Set.of(example.getTarget().getLabel())))
                        .isNull();
            }
        }
        assertThat(found).isEqualTo(labels).hasSize(3_000);
    }

    @Test
    void donorsAndAcceptorsShowTheirConsensus() {
        // An intron begins with GT and ends with AG (Breathnach and Chambon 1981,
        // doi 10.1146/annurev.bi.50.070181.002025), here immediately after and immediately before the middle.
        long donors = 0;
        long acceptors = 0;
        for (Example example : SpliceData.load(SEED).test()) {
            List<Integer> bases = example.getObservation().getTokens().getSymbolsList();
            String label = example.getTarget().getLabel();
            donors += label.equals("ei") && bases.subList(30, 32).equals(List.of(2, 3)) ? 1 : 0;
            acceptors += label.equals("ie") && bases.subList(28, 30).equals(List.of(0, 2)) ? 1 : 0;
        }
        assertThat(donors).isGreaterThan(200);
        assertThat(acceptors).isGreaterThan(200);
    }
}
