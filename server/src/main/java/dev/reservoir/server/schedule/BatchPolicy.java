// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

/** How batches are formed. Immutable; start from {@link #usual} and change values with its builder. */
public final class BatchPolicy {
    private final int batchTokens;
    private final int batchItems;
    private final long delayNanos;
    private final double trainingShare;
    private final int sliceItems;
    private final int trainingLanes;
    private final double lightServing;
    private final long stepNanos;
    private final long servingRecentNanos;
    private final int maxQueued;
    private final int maxQueuedPerTenant;

    private BatchPolicy(Builder builder) {
        this.batchTokens = builder.batchTokens;
        this.batchItems = builder.batchItems;
        this.delayNanos = builder.delayNanos;
        this.trainingShare = builder.trainingShare;
        this.sliceItems = builder.sliceItems;
        this.trainingLanes = builder.trainingLanes;
        this.lightServing = builder.lightServing;
        this.stepNanos = builder.stepNanos;
        this.servingRecentNanos = builder.servingRecentNanos;
        this.maxQueued = builder.maxQueued;
        this.maxQueuedPerTenant = builder.maxQueuedPerTenant;
    }

    /**
     * The default policy of a server with the given number of lanes: if there are several, one of them is kept free of
     * training unless serving is light.
     */
    public static Builder usual(int lanes) {
        return new Builder(Math.max(1, lanes - 1));
    }

    /** Most tokens in a batch; one larger item makes a batch of its own. */
    public int batchTokens() {
        return batchTokens;
    }

    /** Most items in a serving batch. */
    public int batchItems() {
        return batchItems;
    }

    /**
     * How long the oldest serving item may wait for others to join it; with 0 a batch takes what is waiting, except
     * while the {@link Scheduler} lingers.
     */
    public long delayNanos() {
        return delayNanos;
    }

    /** The share of tokens that training gets while both wait, 0 to 1. */
    public double trainingShare() {
        return trainingShare;
    }

    /** Most examples of one head in a training batch, for heads without minibatches. */
    public int sliceItems() {
        return sliceItems;
    }

    /** Most training batches that run concurrently while serving is active and not light. */
    public int trainingLanes() {
        return trainingLanes;
    }

    /** The utilization, in lanes, below which serving is light: the other lanes then train too, in short steps. */
    public double lightServing() {
        return lightServing;
    }

    /** How long a training batch should take. */
    public long stepNanos() {
        return stepNanos;
    }

    /** How long serving counts as active after its last item. */
    public long servingRecentNanos() {
        return servingRecentNanos;
    }

    /** Most waiting serving items in total. */
    public int maxQueued() {
        return maxQueued;
    }

    /** Most waiting serving items of one tenant. */
    public int maxQueuedPerTenant() {
        return maxQueuedPerTenant;
    }

    /** Not thread-safe. Each setter throws {@link IllegalArgumentException} if its value is out of range. */
    public static final class Builder {
        private int batchTokens = 2_048;
        private int batchItems = 256;
        private long delayNanos;
        private double trainingShare = 0.3;
        private int sliceItems = 32;
        private int trainingLanes;
        private double lightServing = 0.4;
        private long stepNanos = 100_000_000;
        private long servingRecentNanos = 1_000_000_000;
        // A prediction may name 10,000 heads, each with an encoder of its own.
        private int maxQueued = 32_768;
        private int maxQueuedPerTenant = 16_384;

        private Builder(int trainingLanes) {
            this.trainingLanes = trainingLanes;
        }

        public Builder batchTokens(int value) {
            batchTokens = positive("batchTokens", value);
            return this;
        }

        public Builder batchItems(int value) {
            batchItems = positive("batchItems", value);
            return this;
        }

        public Builder delayNanos(long value) {
            delayNanos = notNegative("delayNanos", value);
            return this;
        }

        public Builder trainingShare(double value) {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException("trainingShare: " + value + " (expected: 0 to 1)");
            }
            trainingShare = value;
            return this;
        }

        public Builder sliceItems(int value) {
            sliceItems = positive("sliceItems", value);
            return this;
        }

        public Builder trainingLanes(int value) {
            trainingLanes = positive("trainingLanes", value);
            return this;
        }

        public Builder lightServing(double value) {
            if (!(value >= 0)) {
                throw new IllegalArgumentException("lightServing: " + value + " (expected: >= 0)");
            }
            lightServing = value;
            return this;
        }

        public Builder stepNanos(long value) {
            if (value < 1) {
                throw new IllegalArgumentException("stepNanos: " + value + " (expected: >= 1)");
            }
            stepNanos = value;
            return this;
        }

        public Builder servingRecentNanos(long value) {
            servingRecentNanos = notNegative("servingRecentNanos", value);
            return this;
        }

        /** @param perTenant most items of one tenant, of {@code all} that may wait */
        public Builder maxQueued(int all, int perTenant) {
            maxQueued = positive("maxQueued", all);
            maxQueuedPerTenant = positive("maxQueuedPerTenant", perTenant);
            return this;
        }

        public BatchPolicy build() {
            return new BatchPolicy(this);
        }

        private static int positive(String name, int value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
            }
            return value;
        }

        private static long notNegative(String name, long value) {
            if (value < 0) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: >= 0)");
            }
            return value;
        }
    }
}
