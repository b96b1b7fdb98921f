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
import dev.reservoir.v1.TextModality;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Sentiment Labelled Sentences: 500 positive and 500 negative sentences from each of three sources. 1,000 are held out,
 * as nearly as possible in equal parts from the six groups; a sentence that occurs more than once in the file, ignoring
 * case and spacing, is never held out.
 */
final class SentimentData {

    private static final int TEST = 1_000;
    private static final List<String> LABELS = List.of("negative", "positive");

    private SentimentData() {}

    static Workload load(long seed) {
        Random random = new Random(seed);
        List<Sentence> sentences = new Resource("sentiment.tsv.gz")
                .rows(3).stream()
                        .map(row -> new Sentence(row[0], row[1], row[2]))
                        .toList();
        Map<String, Long> occurrences =
                sentences.stream().collect(Collectors.groupingBy(Sentence::key, Collectors.counting()));
        Map<String, List<Sentence>> groups =
                sentences.stream().collect(Collectors.groupingBy(Sentence::group, TreeMap::new, Collectors.toList()));

        List<Sentence> train = new ArrayList<>();
        List<Sentence> test = new ArrayList<>();
        int groupsLeft = groups.size();
        for (List<Sentence> group : groups.values()) {
            int heldOutBefore = test.size();
            int share = (TEST - heldOutBefore) / groupsLeft--;
            for (Sentence sentence : Examples.shuffled(group, random)) {
                boolean once = occurrences.getOrDefault(sentence.key(), 0L) == 1;
                boolean holdOut = once && test.size() - heldOutBefore < share;
                (holdOut ? test : train).add(sentence);
            }
        }

        List<Example> trainExamples = examples(Examples.shuffled(train, random));
        List<Example> testExamples = examples(test);
        Baseline baseline = Baseline.majority(trainExamples, testExamples);
        return new Workload(
                "text-sentiment",
                "Text: is a sentence of a review positive or negative",
                Head.newBuilder()
                        .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance()))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().addAllLabels(LABELS)))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.ACCURACY,
                new Workload.Data(
                        trainExamples,
                        testExamples,
                        "Sentiment Labelled Sentences (Kotzias et al. 2015), UCI, CC BY 4.0; from npm sentiment 5.0.2"),
                baseline);
    }

    private static List<Example> examples(List<Sentence> sentences) {
        return sentences.stream()
                .map(sentence -> Examples.ofText(sentence.text(), sentence.label()))
                .toList();
    }

    private record Sentence(String source, String label, String text) {

        String key() {
            return text.strip().replaceAll("\\s+", " ").toLowerCase(Locale.ROOT);
        }

        String group() {
            return source + " " + label;
        }
    }
}
