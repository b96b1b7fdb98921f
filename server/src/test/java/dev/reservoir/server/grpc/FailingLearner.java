// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A learner that stops for good at one label, as a real one does at a number that is not finite. */
final class FailingLearner implements FeatureLearner {
    static final String POISON = "poison";
    static final String FAILURE = "met a number that is not finite";

    private final FeatureLearner sound;
    private boolean failed;

    FailingLearner(FeatureLearner sound) {
        this.sound = sound;
    }

    @Override
    public List<@Nullable Refused> learn(List<Item> items) {
        List<@Nullable Refused> answers = new ArrayList<>();
        for (Item item : items) {
            failed |=
                    item.target() instanceof Target.Label label && label.label().equals(POISON);
            answers.add(
                    failed
                            ? new Refused(Reason.HEAD_FAILED, "head: failed (expected: one that learns)")
                            : sound.learn(List.of(item)).get(0));
        }
        return answers;
    }

    @Override
    public void flush() {
        sound.flush();
    }

    @Override
    public void countRefused() {
        sound.countRefused();
    }

    @Override
    public LearnerState state(Predicate<String> stored) {
        return sound.state(stored);
    }

    @Override
    public HeadSnapshot snapshot() {
        return sound.snapshot();
    }

    @Override
    public HeadMetrics metrics() {
        return sound.metrics();
    }

    @Override
    public @Nullable String failure() {
        return failed ? FAILURE : null;
    }

    @Override
    public void update(HeadSpec spec) {
        sound.update(spec);
    }

    @Override
    public HeadSpec spec() {
        return sound.spec();
    }

    @Override
    public long residentBytes() {
        return sound.residentBytes();
    }

    @Override
    public long trainableParameters() {
        return sound.trainableParameters();
    }

    @Override
    public void close() {
        sound.close();
    }
}
