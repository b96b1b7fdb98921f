// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.client.TrainingListener;
import dev.reservoir.v1.Metrics;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a head's training stream has reported so far. Thread-safe. */
final class CellLearning implements TrainingListener {
    private static final int CURVE_STEPS = 100;

    private final EvalTask task;
    private final Timekeeper time;

    @GuardedBy("this")
    private final List<CellResult.CurveStep> curve = new ArrayList<>();

    @GuardedBy("this")
    private CellResult.@Nullable CurveStep reached;

    @GuardedBy("this")
    private CellResult.@Nullable CurveStep last;

    @GuardedBy("this")
    private long handled;

    @GuardedBy("this")
    private String firstRefusal = "";

    @GuardedBy("this")
    private long startNanos;

    CellLearning(EvalTask task, Timekeeper time) {
        this.task = task;
        this.time = time;
        this.startNanos = time.nanoTime();
    }

    @Override
    public synchronized void opened(Opened opened) {
        startNanos = time.nanoTime();
    }

    @Override
    public synchronized void progress(Progress progress) {
        handled = progress.getAppliedThrough();
        if (firstRefusal.isEmpty() && progress.getRefusalsCount() > 0) {
            firstRefusal = progress.getRefusals(0).getStatus().getMessage();
        }
        Metrics metrics = progress.getMetrics();
        if (metrics.getWindowed().getCount() == 0) {
            return;
        }
        CellResult.CurveStep step = new CellResult.CurveStep(
                metrics.getExamples(),
                metrics.getUpdates(),
                (time.nanoTime() - startNanos) / 1e9,
                metrics.getWindowed().getAccuracy());
        if (reached == null
                && step.examples() >= task.scoring().window()
                && step.accuracy() >= task.scoring().statedScore()) {
            reached = step;
        }
        long before = curve.isEmpty()
                ? Long.MIN_VALUE / 2
                : curve.get(curve.size() - 1).examples();
        if (step.examples() - before >= Math.max(1, task.training().examples() / CURVE_STEPS)) {
            curve.add(step);
        }
        last = step;
    }

    /** Examples learned or refused. */
    synchronized long handled() {
        return handled;
    }

    /** The accuracy over the last examples; NaN before the first. */
    synchronized double accuracy() {
        CellResult.CurveStep step = last;
        return step == null ? Double.NaN : step.accuracy();
    }

    synchronized CellResult.@Nullable CurveStep reached() {
        return reached;
    }

    /** The first refusal; empty if no example was refused. */
    synchronized String firstRefusal() {
        return firstRefusal;
    }

    synchronized double seconds() {
        return (time.nanoTime() - startNanos) / 1e9;
    }

    /** Evenly thinned; ends with the last step. */
    synchronized List<CellResult.CurveStep> curve() {
        List<CellResult.CurveStep> steps = new ArrayList<>(curve);
        CellResult.CurveStep step = last;
        if (step != null && (steps.isEmpty() || steps.get(steps.size() - 1).examples() < step.examples())) {
            steps.add(step);
        }
        return steps;
    }
}
