// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayDeque;

/**
 * How long lanes linger for requests that are expected because others were just answered. A client that got an answer
 * often asks again at once, but over a network that takes a moment; a lane that does not linger finds the few requests
 * that were quickest, runs them at the poor rate of a small batch, and the others wait for it.
 *
 * <p>The requests of each serving batch are awaited once: until as many items wait as it had, but at most for a
 * {@value #PART}th of the time that it took. So a batch of one is followed at once. Not thread-safe.
 */
final class LingerPolicy {
    /** The longest wait, as one part in so many of the time that the batch took. */
    private static final int PART = 16;

    private record Awaited(int items, long untilNanos) {}

    private final ArrayDeque<Awaited> awaited = new ArrayDeque<>();

    /** A batch was answered. */
    void answered(int items, long nanos, long nowNanos) {
        forgetPast(nowNanos);
        awaited.add(new Awaited(items, nowNanos + nanos / PART));
    }

    /** Until when to wait for more if {@code waiting} items wait; {@code nowNanos} for no longer. */
    long untilNanos(int waiting, long nowNanos) {
        forgetPast(nowNanos);
        Awaited next = awaited.peek();
        return next == null || waiting >= next.items ? nowNanos : next.untilNanos;
    }

    /** A batch was taken, in place of the one that was answered longest ago. */
    void taken() {
        awaited.poll();
    }

    private void forgetPast(long nowNanos) {
        while (!awaited.isEmpty() && awaited.getFirst().untilNanos <= nowNanos) {
            awaited.removeFirst();
        }
    }
}
