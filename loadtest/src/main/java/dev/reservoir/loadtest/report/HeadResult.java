// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.util.List;

/**
 * The result of one head.
 *
 * @param name the task, for example {@code sentiment}
 * @param title the task in a few words
 * @param head full name on the server
 * @param modality for example {@code text}
 * @param kind which part learned: {@code readout}, or {@code fpt} for everything except the frozen matrix products
 * @param task for example {@code classification}
 * @param examples learned from
 * @param refused examples that the server refused
 * @param testExamples scored on, never trained on
 * @param score on the test examples, after training
 * @param metric {@code accuracy} (0 to 1) or {@code mae} (lower is better)
 * @param baseline score on the test examples of a rule that ignores the observation
 * @param control score on the test examples of the same learner without the substrate
 * @param examplesPerSecond from the first example sent to the last one learned
 * @param source where the data comes from, and its licence
 * @param curve each example predicted before it was learned from, over the last few hundred
 * @param controlCurve the same for the control
 * @param servedCurve predictions answered while training, on test examples
 */
public record HeadResult(
        String name,
        String title,
        String head,
        String modality,
        String kind,
        String task,
        long examples,
        long refused,
        long testExamples,
        double score,
        String metric,
        double baseline,
        String baselineName,
        double control,
        double examplesPerSecond,
        String source,
        List<CurvePoint> curve,
        List<CurvePoint> controlCurve,
        List<CurvePoint> servedCurve) {

    public HeadResult {
        curve = List.copyOf(curve);
        controlCurve = List.copyOf(controlCurve);
        servedCurve = List.copyOf(servedCurve);
    }

    /**
     * @param name the task
     * @param title the task in a few words
     * @param head full name on the server
     */
    public static Builder builder(String name, String title, String head) {
        return new Builder(name, title, head);
    }

    public boolean beatsBaseline() {
        return beats(baseline);
    }

    public boolean beatsControl() {
        return beats(control);
    }

    boolean isAccuracy() {
        return metric.equals("accuracy");
    }

    private boolean beats(double other) {
        return isAccuracy() ? score > other : score < other;
    }

    /** Everything that is not set is zero or empty. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final String title;
        private final String head;
        private String modality = "";
        private String kind = "";
        private String task = "";
        private long examples;
        private long refused;
        private double examplesPerSecond;
        private long testExamples;
        private String metric = "";
        private double score;
        private double baseline;
        private String baselineName = "";
        private double control;
        private String source = "";
        private List<CurvePoint> curve = List.of();
        private List<CurvePoint> controlCurve = List.of();
        private List<CurvePoint> servedCurve = List.of();

        private Builder(String name, String title, String head) {
            this.name = name;
            this.title = title;
            this.head = head;
        }

        /** @param kindOfHead {@code readout} or {@code fpt} */
        public Builder spec(String modalityName, String kindOfHead, String taskName) {
            modality = modalityName;
            kind = kindOfHead;
            task = taskName;
            return this;
        }

        public Builder training(long learned, long refusals, double perSecond) {
            examples = learned;
            refused = refusals;
            examplesPerSecond = perSecond;
            return this;
        }

        /** @param items test examples scored on */
        public Builder score(String metricName, double value, long items) {
            metric = metricName;
            score = value;
            testExamples = items;
            return this;
        }

        public Builder baseline(String rule, double value) {
            baselineName = rule;
            baseline = value;
            return this;
        }

        public Builder control(double value) {
            control = value;
            return this;
        }

        public Builder source(String value) {
            source = value;
            return this;
        }

        public Builder curves(List<CurvePoint> own, List<CurvePoint> ofControl, List<CurvePoint> served) {
            curve = own;
            controlCurve = ofControl;
            servedCurve = served;
            return this;
        }

        public HeadResult build() {
            return new HeadResult(
                    name,
                    title,
                    head,
                    modality,
                    kind,
                    task,
                    examples,
                    refused,
                    testExamples,
                    score,
                    metric,
                    baseline,
                    baselineName,
                    control,
                    examplesPerSecond,
                    source,
                    curve,
                    controlCurve,
                    servedCurve);
        }
    }
}
