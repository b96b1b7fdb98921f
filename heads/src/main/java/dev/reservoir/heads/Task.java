// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.check;
import static dev.reservoir.heads.Refused.checkRange;

import java.util.HashSet;
import java.util.List;

/** What a head predicts. */
public sealed interface Task {
    /** Largest number of labels of a head. */
    int LABEL_LIMIT = 4_096;
    /** Most values in a target or a prediction. */
    int VALUE_LIMIT = 4_096;
    /** Largest magnitude of a value in a target. */
    float LARGEST_VALUE = 1e9f;
    /** Bound on the labels of a head times the tokens it reads, for tasks in which each token has a set of labels. */
    int TOKEN_LABEL_LIMIT = 65_536;

    String TOKEN_MULTI_LABEL = "task.token_multi_label";

    /** Most bytes of UTF-8 in a label. */
    int LABEL_BYTES = 128;

    /** Its name in the contract. */
    String kind();

    /** Most values in a target or a prediction of one observation, or of one token. */
    int maxOutputs();

    /**
     * A task whose outputs are labels; {@code labels} are known from the start, others may be added up to
     * {@code maxLabels}.
     */
    sealed interface Labelled extends Task {
        List<String> labels();

        int maxLabels();

        /** The same task with these labels known from the start. */
        Labelled withLabels(List<String> newLabels);

        @Override
        default int maxOutputs() {
            return maxLabels();
        }
    }

    /** Tasks in which each label is true or false independently of the others. */
    sealed interface ManyLabels extends Labelled {}

    /** Tasks with an answer for each token of an observation. */
    sealed interface PerToken extends Labelled {}

    /** Exactly one label. */
    record Classification(List<String> labels, int maxLabels) implements Labelled {
        public Classification {
            labels = checkLabels("task.classification", labels, maxLabels, 2);
        }

        @Override
        public String kind() {
            return "classification";
        }

        @Override
        public Classification withLabels(List<String> newLabels) {
            return new Classification(newLabels, maxLabels);
        }
    }

    /** Any subset of the labels. */
    record MultiLabel(List<String> labels, int maxLabels) implements ManyLabels {
        public MultiLabel {
            labels = checkLabels("task.multi_label", labels, maxLabels, 1);
        }

        @Override
        public String kind() {
            return "multi_label";
        }

        @Override
        public MultiLabel withLabels(List<String> newLabels) {
            return new MultiLabel(newLabels, maxLabels);
        }
    }

    /** One label for each token. */
    record TokenClassification(List<String> labels, int maxLabels) implements PerToken {
        public TokenClassification {
            labels = checkLabels("task.token_classification", labels, maxLabels, 2);
        }

        @Override
        public String kind() {
            return "token_classification";
        }

        @Override
        public TokenClassification withLabels(List<String> newLabels) {
            return new TokenClassification(newLabels, maxLabels);
        }
    }

    /** Any subset of the labels for each token. */
    record TokenMultiLabel(List<String> labels, int maxLabels) implements ManyLabels, PerToken {
        public TokenMultiLabel {
            labels = checkLabels(TOKEN_MULTI_LABEL, labels, maxLabels, 1);
        }

        @Override
        public String kind() {
            return "token_multi_label";
        }

        @Override
        public TokenMultiLabel withLabels(List<String> newLabels) {
            return new TokenMultiLabel(newLabels, maxLabels);
        }
    }

    /** A vector of real values. */
    record Regression(int dimensions) implements Task {
        public Regression {
            checkRange("task.regression.dimensions", dimensions, 1, VALUE_LIMIT);
        }

        @Override
        public String kind() {
            return "regression";
        }

        @Override
        public int maxOutputs() {
            return dimensions;
        }
    }

    /** The next {@code horizon} rows of a series of {@code channels} channels, earliest first. */
    record Forecast(int horizon, int channels) implements Task {
        public Forecast {
            checkRange("task.forecast.horizon", horizon, 1, 1_024);
            check(
                    (long) horizon * channels <= VALUE_LIMIT,
                    "task.forecast.horizon",
                    horizon,
                    "horizon x channels at most " + VALUE_LIMIT);
        }

        @Override
        public String kind() {
            return "forecast";
        }

        @Override
        public int maxOutputs() {
            return horizon * channels;
        }
    }

    private static List<String> checkLabels(String field, List<String> labels, int maxLabels, int least) {
        checkRange(field + ".max_labels", maxLabels, least, LABEL_LIMIT);
        check(
                labels.size() <= maxLabels,
                field + ".labels",
                labels.size() + " labels",
                "at most max_labels " + maxLabels);
        HashSet<String> seen = new HashSet<>();
        for (String label : labels) {
            checkLabel(field + ".labels", label);
            check(seen.add(label), field + ".labels", "\"" + label + "\" twice", "each label once");
        }
        return List.copyOf(labels);
    }

    /** Refuses a label that is empty or longer than {@link #LABEL_BYTES}. */
    static void checkLabel(String field, String label) {
        int bytes = label.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        check(bytes >= 1 && bytes <= LABEL_BYTES, field, "a label of " + bytes + " bytes", "1 to " + LABEL_BYTES);
    }
}
