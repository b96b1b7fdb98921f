// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

/** The outstanding requests of a stream, checked against its bounds. No I/O; confined to the stream's context. */
public final class Flow {
    private final int maxCount;
    private final long maxWeight;
    private final long maxBytes;
    private int count;
    private long weight;
    private long bytes;

    public Flow(int maxCount, long maxWeight, long maxBytes) {
        this.maxCount = maxCount;
        this.maxWeight = maxWeight;
        this.maxBytes = maxBytes;
    }

    /**
     * Whether one more message may be read. The message that exceeds a bound of weight or bytes is still accepted and
     * is the last.
     */
    public boolean open() {
        return count < maxCount && weight < maxWeight && bytes < maxBytes;
    }

    public boolean idle() {
        return count == 0;
    }

    public void take(long messageWeight, long messageBytes) {
        count++;
        weight += messageWeight;
        bytes += messageBytes;
    }

    public void give(int messages, long messageWeight, long messageBytes) {
        count -= messages;
        weight -= messageWeight;
        bytes -= messageBytes;
        if (count < 0 || weight < 0 || bytes < 0) {
            throw new IllegalStateException(
                    "outstanding: " + count + ", " + weight + ", " + bytes + " (expected: nothing below 0)");
        }
    }
}
