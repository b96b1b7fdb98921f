// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.CurvePoint;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A task's head and its control, in one run. */
final class Contender {
    /** Answers given while learning are scored in this many sections of the training. */
    private static final int SECTIONS = 8;

    /** A section with fewer answers is too noisy to show. */
    private static final int MIN_ANSWERS = 20;

    private final Workload workload;
    private final Learning head;
    private final Learning control;
    private final List<Tally> served =
            Stream.generate(Tally::new).limit(SECTIONS).toList();

    Contender(Workload workload, String tenant, Timekeeper time) {
        this.workload = workload;
        String name = "tenants/" + tenant + "/heads/" + workload.id();
        int total = workload.train().size();
        this.head = new Learning(name, workload.higherIsBetter(), total, time);
        this.control = new Learning(name + "-control", workload.higherIsBetter(), total, time);
    }

    Workload workload() {
        return workload;
    }

    Learning head() {
        return head;
    }

    Learning control() {
        return control;
    }

    /** Scores an answer that the head gave while it learned. */
    void answered(Target truth, HeadPrediction answer) {
        long section = answer.getAppliedThrough() * SECTIONS / Math.max(1, head.total());
        served.get((int) Math.min(section, SECTIONS - 1)).add(truth, answer);
    }

    /** The scores of answers given while learning, each at the middle of its section. */
    List<CurvePoint> servedCurve() {
        List<CurvePoint> points = new ArrayList<>();
        for (int i = 0; i < SECTIONS; i++) {
            Tally tally = served.get(i);
            if (tally.count() >= MIN_ANSWERS) {
                points.add(new CurvePoint((2L * i + 1) * head.total() / (2 * SECTIONS), tally.score()));
            }
        }
        return points;
    }

    String modality() {
        return readable(workload.spec().getModality().getKindCase().name());
    }

    String task() {
        return readable(workload.spec().getTask().getKindCase().name());
    }

    private static String readable(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
