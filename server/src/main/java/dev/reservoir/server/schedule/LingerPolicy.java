// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayDeque;

/**
 * Decides how long lanes linger for the requests expected to follow those just answered. A client that got an answer
 * often sends its next request immediately, but the network delays it; a lane that does not linger picks up only the
 * few fastest requests, runs them at the poor throughput of a small batch, and makes the others wait.
 *
 * <p>Each serving batch causes one wait: until as many items wait as it had, but at most for a
 * {@value #DURATION_DIVISOR}th of its duration. After a batch of one there is therefore no wait. Not thread-safe.
 */
final class LingerPolicy {
    /** The longest wait is the batch's duration divided by this. */
    private static final int DURATION_DIVISOR = 16;

    private record Awaited(int items, long untilNanos) {}

    private final ArrayDeque<Awaited> awaited = new ArrayDeque<>();

    /** Records that a batch was answered. */
    void answered(int items, long nanos, long nowNanos) {
        forgetPast(nowNanos);
        awaited.add(new Awaited(items, nowNanos + nanos / DURATION_DIVISOR));
    }

    /** The time until which to wait for more if {@code waiting} items wait; {@code nowNanos} for no further wait. */
    long untilNanos(int waiting, long nowNanos) {
        forgetPast(nowNanos);
        Awaited next = awaited.peek();
        return next == null || waiting >= next.items ? nowNanos : next.untilNanos;
    }

    /** Records that a batch was started, which ends the wait caused by the batch answered longest ago. */
    void batchStarted() {
        awaited.poll();
    }

    private void forgetPast(long nowNanos) {
        while (!awaited.isEmpty() && awaited.getFirst().untilNanos <= nowNanos) {
            awaited.removeFirst();
        }
    }
}
