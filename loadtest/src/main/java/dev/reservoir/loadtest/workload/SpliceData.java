// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TokensModality;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Primate splice junctions: 60 bases, and whether their middle is a boundary from exon to intron ({@code ei}), from
 * intron to exon ({@code ie}) or neither ({@code n}). Of the 3,186 rows only 3,001 sequences are distinct: each is used
 * once, except the one that has two labels, which is dropped.
 */
final class SpliceData {

    private static final int LENGTH = 60;
    private static final int TRAIN = 2_000;
    /** A base's symbol is its index in this string. */
    private static final String BASES = "ACGT";

    private SpliceData() {}

    static Workload load(long seed) {
        Map<String, Set<String>> labels = new LinkedHashMap<>();
        for (String[] row : new Resource("splice.tsv.gz").rows(2)) {
            labels.computeIfAbsent(row[1], bases -> new TreeSet<>()).add(row[0]);
        }
        List<Example> examples = Examples.shuffled(
                labels.entrySet().stream()
                        .filter(entry -> entry.getValue().size() == 1)
                        .map(entry -> example(
                                entry.getKey(), entry.getValue().iterator().next()))
                        .toList(),
                new Random(seed));
        List<Example> train = examples.subList(0, TRAIN);
        List<Example> test = examples.subList(TRAIN, examples.size());
        Baseline baseline = Baseline.majority(train, test);
        return new Workload(
                "dna-splice",
                "DNA: is the middle of 60 bases a splice junction, and which way",
                Head.newBuilder()
                        .setModality(Modality.newBuilder()
                                .setTokens(TokensModality.newBuilder()
                                        .setVocabulary(BASES.length())
                                        .setMaxLength(LENGTH)
                                        .setGroup(3)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().addAllLabels(List.of("ei", "ie", "n"))))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.ACCURACY,
                new Workload.Data(
                        train,
                        test,
                        "Molecular Biology (Splice-junction Gene Sequences), UCI; from Debian r-cran-mlbench 2.1-3-1,"
                                + " GPL-2"),
                baseline);
    }

    private static Example example(String bases, String label) {
        return Examples.ofSymbols(bases.chars().map(BASES::indexOf).boxed().toList(), label);
    }
}
