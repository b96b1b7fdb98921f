// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.metrics;

import com.google.errorprone.annotations.ThreadSafe;
import java.util.concurrent.atomic.LongAdder;

/** A count that only grows. */
@ThreadSafe
public final class Counter {
    @SuppressWarnings("ThreadSafe")
    private final LongAdder value = new LongAdder();

    Counter() {}

    public void increment() {
        value.increment();
    }

    /** @param amount at least 0 */
    public void add(long amount) {
        if (amount < 0) {
            throw new IllegalArgumentException("amount: " + amount + " (expected: >= 0)");
        }
        value.add(amount);
    }

    public long value() {
        return value.sum();
    }
}
