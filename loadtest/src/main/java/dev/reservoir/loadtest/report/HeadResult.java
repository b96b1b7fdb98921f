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
}
