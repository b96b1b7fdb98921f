// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import com.google.common.base.Strings;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SynchronizedHistogram;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests at a fixed rate regardless of how fast the server answers, and measures each from the time it was
 * <em>meant</em> to be sent: a server that stalls is charged for every request that was due meanwhile (no coordinated
 * omission).
 *
 * <p>Request {@code i} is due {@code i / rate} seconds after the start. A sender that falls behind catches up without
 * pausing. {@link #run} sends on the caller's thread; all other methods are thread-safe.
 */
public final class OpenLoop {
    private static final long MAX_LATENCY_NANOS = TimeUnit.MINUTES.toNanos(10);

    /** Sends one request. */
    @FunctionalInterface
    public interface Request {
        /**
         * Must not block.
         *
         * @param index 0 for the first request
         */
        CompletionStage<?> send(long index);
    }

    private final double perSecond;
    private final Timekeeper time;
    private final Request request;
    private final Histogram latencies = new SynchronizedHistogram(MAX_LATENCY_NANOS, 3);
    private volatile boolean stopping;

    @GuardedBy("this")
    private long startNanos;

    @GuardedBy("this")
    private long stopNanos;

    @GuardedBy("this")
    private long lastAnswerNanos;

    @GuardedBy("this")
    private boolean started;

    @GuardedBy("this")
    private boolean stopped;

    @GuardedBy("this")
    private long sent;

    @GuardedBy("this")
    private long answered;

    @GuardedBy("this")
    private long errors;

    @GuardedBy("this")
    private @Nullable Throwable firstError;

    /** @param perSecond requests per second, above 0 */
    public OpenLoop(double perSecond, Timekeeper time, Request request) {
        if (!(perSecond > 0) || Double.isInfinite(perSecond)) {
            throw new IllegalArgumentException("rate: " + perSecond + " (expected: above 0, finite)");
        }
        this.perSecond = perSecond;
        this.time = time;
        this.request = request;
    }

    /** Sends until {@link #stop}, or until the thread is interrupted. */
    public void run() {
        long start = time.nanoTime();
        synchronized (this) {
            startNanos = start;
            started = true;
        }
        for (long index = 0; !stopping; index++) {
            long intended = start + Math.round(index * (1e9 / perSecond));
            time.sleepUntil(intended);
            if (stopping || Thread.currentThread().isInterrupted()) {
                break;
            }
            send(index, intended);
        }
        synchronized (this) {
            stopNanos = time.nanoTime();
            stopped = true;
        }
    }

    /** Stops sending; answers that arrive later are still counted. */
    public void stop() {
        stopping = true;
    }

    public synchronized LoadReport report() {
        // Answers received after the last request was sent extend the measured time.
        long end = stopped ? Math.max(stopNanos, lastAnswerNanos) : time.nanoTime();
        double seconds = started ? (end - startNanos) / 1e9 : 0;
        return new LoadReport(
                perSecond,
                seconds > 0 ? answered / seconds : 0,
                sent,
                answered,
                errors,
                new LoadReport.Latency(
                        latencies.getValueAtPercentile(50) / 1e6,
                        latencies.getValueAtPercentile(99) / 1e6,
                        latencies.getMaxValue() / 1e6),
                firstError == null ? "" : Strings.nullToEmpty(firstError.getMessage()));
    }

    private void send(long index, long intended) {
        synchronized (this) {
            sent++;
        }
        CompletionStage<?> reply;
        try {
            reply = request.send(index);
        } catch (RuntimeException e) {
            ended(intended, e);
            return;
        }
        reply.whenComplete((ignored, failure) -> ended(intended, failure));
    }

    private void ended(long intended, @Nullable Throwable failure) {
        long now = time.nanoTime();
        long nanos = Math.min(MAX_LATENCY_NANOS, Math.max(0, now - intended));
        if (failure == null) {
            latencies.recordValue(nanos);
        }
        synchronized (this) {
            if (failure == null) {
                answered++;
                lastAnswerNanos = now;
            } else {
                errors++;
                if (firstError == null) {
                    Throwable cause = failure.getCause();
                    firstError = failure instanceof CompletionException && cause != null ? cause : failure;
                }
            }
        }
    }
}
