// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OpenLoopTest {
    private static final long MILLI = 1_000_000;

    private final ManualTime time = new ManualTime();
    private final List<Long> sentAt = new ArrayList<>();

    @Test
    void sendsEachRequestWhenItIsDue() {
        OpenLoop loop = runUntil(5, 100, index -> CompletableFuture.completedFuture(index));

        assertThat(sentAt).containsExactly(0L, 10 * MILLI, 20 * MILLI, 30 * MILLI, 40 * MILLI);
        LoadReport report = loop.report();
        assertThat(report.answered()).isEqualTo(5);
        assertThat(report.latency().maxMillis()).isZero();
        assertThat(report.achievedRate()).isEqualTo(5 / 0.04, within(1e-9));
    }

    @Test
    void chargesAStallToEveryRequestThatWasDueMeanwhile() {
        // The third request blocks its sender for 40 ms: the next four were due meanwhile and go out late.
        OpenLoop loop = runUntil(10, 100, index -> {
            if (index == 2) {
                time.nanos += 40 * MILLI;
            }
            return CompletableFuture.completedFuture(index);
        });

        LoadReport report = loop.report();
        assertThat(sentAt.subList(2, 8))
                .containsExactly(20 * MILLI, 60 * MILLI, 60 * MILLI, 60 * MILLI, 60 * MILLI, 70 * MILLI);
        // Latencies: 0, 0, 40, 30, 20, 10, 0, 0, 0, 0
        assertThat(report.latency().maxMillis()).isEqualTo(40, within(0.1));
        assertThat(report.latency().p50Millis()).isZero();
        assertThat(report.latency().p99Millis()).isEqualTo(40, within(0.1));
        assertThat(report.targetRate()).isEqualTo(100);
    }

    @Test
    void measuresFromTheIntendedMomentToTheAnswer() {
        List<CompletableFuture<Long>> replies = new ArrayList<>();
        OpenLoop loop = runUntil(3, 10, index -> {
            replies.add(new CompletableFuture<>());
            return replies.get((int) index);
        });
        assertThat(loop.report().answered()).isZero();
        assertThat(loop.report().sent()).isEqualTo(3);

        time.nanos = 1000 * MILLI;
        replies.get(0).complete(0L);

        assertThat(loop.report().answered()).isEqualTo(1);
        assertThat(loop.report().latency().maxMillis()).isEqualTo(1000, within(1.0));
        assertThat(loop.report().achievedRate()).isEqualTo(1, within(1e-9));
    }

    @Test
    void countsFailuresSeparatelyAndKeepsTheFirst() {
        OpenLoop loop = runUntil(4, 10, index -> {
            if (index == 1) {
                throw new IllegalStateException("no stream");
            }
            return index == 2
                    ? CompletableFuture.failedFuture(new IllegalStateException("no head"))
                    : CompletableFuture.completedFuture(index);
        });

        LoadReport report = loop.report();
        assertThat(report.errors()).isEqualTo(2);
        assertThat(report.answered()).isEqualTo(2);
        assertThat(report.firstError()).isEqualTo("no stream");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesARateThatIsNone(double rate) {
        assertThatThrownBy(() -> new OpenLoop(rate, time, index -> CompletableFuture.completedFuture(index)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rate: " + rate + " (expected: above 0, finite)");
    }

    private OpenLoop runUntil(long requests, double perSecond, OpenLoop.Request request) {
        OpenLoop[] loop = new OpenLoop[1];
        loop[0] = new OpenLoop(perSecond, time, index -> {
            sentAt.add(time.nanos);
            if (index == requests - 1) {
                loop[0].stop();
            }
            return request.send(index);
        });
        loop[0].run();
        return loop[0];
    }

    private static final class ManualTime implements Timekeeper {
        private long nanos;

        @Override
        public long nanoTime() {
            return nanos;
        }

        @Override
        public void sleepUntil(long wanted) {
            nanos = Math.max(nanos, wanted);
        }
    }
}
