// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.client.TrainingListener;
import dev.reservoir.loadtest.report.CurvePoint;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.Score;
import java.util.ArrayList;
import java.util.List;

/** What a head's training stream has reported so far. Thread-safe. */
final class Learning implements TrainingListener {
    private static final int CURVE_POINTS = 150;

    private final String head;
    private final boolean accuracy;
    private final long total;
    private final Timekeeper time;

    @GuardedBy("this")
    private final List<CurvePoint> curve = new ArrayList<>();

    @GuardedBy("this")
    private long handled;

    @GuardedBy("this")
    private long learned;

    @GuardedBy("this")
    private long refused;

    @GuardedBy("this")
    private String firstRefusal = "";

    @GuardedBy("this")
    private double score = Double.NaN;

    @GuardedBy("this")
    private long startNanos;

    @GuardedBy("this")
    private long lastNanos;

    Learning(String head, boolean accuracy, long total, Timekeeper time) {
        this.head = head;
        this.accuracy = accuracy;
        this.total = total;
        this.time = time;
    }

    @Override
    public synchronized void opened(Opened opened) {
        startNanos = time.nanoTime();
        lastNanos = startNanos;
    }

    @Override
    public synchronized void progress(Progress progress) {
        lastNanos = time.nanoTime();
        handled = progress.getAppliedThrough();
        learned = progress.getMetrics().getExamples();
        for (Refusal refusal : progress.getRefusalsList()) {
            refused++;
            if (firstRefusal.isEmpty()) {
                firstRefusal = "example " + refusal.getSequence() + ": "
                        + refusal.getStatus().getMessage();
            }
        }
        Score windowed = progress.getMetrics().getWindowed();
        if (windowed.getCount() == 0) {
            return;
        }
        score = accuracy ? windowed.getAccuracy() : windowed.getMeanAbsoluteError();
        long last = curve.isEmpty() ? -total : curve.get(curve.size() - 1).examples();
        if (learned > last && (learned - last >= total / CURVE_POINTS || handled >= total)) {
            curve.add(new CurvePoint(learned, score));
        }
    }

    String head() {
        return head;
    }

    long total() {
        return total;
    }

    /** Examples learned or refused. */
    synchronized long handled() {
        return handled;
    }

    synchronized long learned() {
        return learned;
    }

    synchronized long refused() {
        return refused;
    }

    /** The first refusal; empty if no example was refused. */
    synchronized String firstRefusal() {
        return firstRefusal;
    }

    /** The score over the last examples, each predicted before it was learned from; NaN before the first. */
    synchronized double score() {
        return score;
    }

    /** The rate since the stream was opened, up to the last report. */
    synchronized double examplesPerSecond() {
        return lastNanos == startNanos ? 0 : handled * 1e9 / (lastNanos - startNanos);
    }

    synchronized List<CurvePoint> curve() {
        return List.copyOf(curve);
    }
}
