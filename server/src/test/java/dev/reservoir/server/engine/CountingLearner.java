// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Learns nothing and counts how often it is closed, without a lock, as real learners do. */
final class CountingLearner implements HeadLearner {
    private final HeadSpec spec;
    private final HeadSnapshot snapshot;
    int closed;
    boolean inUse;

    CountingLearner(HeadLearner like) {
        this.spec = like.spec();
        this.snapshot = like.snapshot();
    }

    @Override
    public void countRefused() {}

    @Override
    public void flush() {}

    @Override
    public HeadSnapshot snapshot() {
        return snapshot;
    }

    @Override
    public LearnerState state(Predicate<String> stored) {
        return new LearnerState(new byte[0], List.of());
    }

    @Override
    public HeadMetrics metrics() {
        return new HeadMetrics(0, 0, 0, null, null);
    }

    @Override
    public @Nullable String failure() {
        return null;
    }

    @Override
    public void update(HeadSpec changed) {}

    @Override
    public HeadSpec spec() {
        return spec;
    }

    @Override
    public long residentBytes() {
        return 0;
    }

    @Override
    public long trainableParameters() {
        return 0;
    }

    @Override
    public void close() {
        if (inUse) {
            throw new AssertionError("closed while a lane works on it");
        }
        closed++;
    }
}
