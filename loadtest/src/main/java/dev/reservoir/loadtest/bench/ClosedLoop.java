// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Keeps a fixed number of requests in flight on one stream for some time: each answer triggers the next request. */
final class ClosedLoop {
    private final PredictionStream stream;
    private final Supplier<PredictRequest> requests;
    private final int inFlight;
    private final CountDownLatch ended;
    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong first = new AtomicLong();
    private final AtomicLong last = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final long endNanos;

    ClosedLoop(PredictionStream stream, Supplier<PredictRequest> requests, int inFlight, int millis) {
        this.stream = stream;
        this.requests = requests;
        this.inFlight = inFlight;
        this.ended = new CountDownLatch(inFlight);
        this.endNanos = System.nanoTime() + millis * 1_000_000L;
    }

    /** Answers per second, between the first and the last answer. */
    double perSecond() throws InterruptedException {
        for (int i = 0; i < inFlight; i++) {
            send();
        }
        ended.await();
        Throwable failed = failure.get();
        if (failed != null) {
            throw new RunFailure(
                    String.valueOf(CallFailure.of("predicting", failed).getMessage()), failed);
        }
        long nanos = last.get() - first.get();
        return nanos == 0 ? 0 : (answers.get() - 1) * 1e9 / nanos;
    }

    private void send() {
        stream.predict(requests.get()).whenComplete(this::answered);
    }

    private void answered(@Nullable PredictResponse response, @Nullable Throwable problem) {
        long now = System.nanoTime();
        if (problem == null && response != null && !response.getPredictions(0).hasError()) {
            first.compareAndSet(0, now);
            last.accumulateAndGet(now, Math::max);
            answers.incrementAndGet();
            if (now < endNanos) {
                send();
                return;
            }
        } else {
            failure.compareAndSet(null, problem != null ? problem : new RunFailure("a head refused: " + response));
        }
        ended.countDown();
    }
}
