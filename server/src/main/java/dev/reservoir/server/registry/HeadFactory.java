// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.modality.SharedEncoders;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.train.FptLearners;
import dev.reservoir.server.memory.ServerMemory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Creates the learners of heads of every kind on one substrate. Close it after them. */
public final class HeadFactory implements HeadRegistry.LearnerFactory, AutoCloseable {
    private final Substrate substrate;
    private final Encoders encoders;
    private final SharedEncoders shared;
    private final ServerMemory.Accounts memory;
    private final Learners readouts;
    /** Null if heads cannot be trained through the substrate. */
    private final @Nullable FptLearners fpt;

    /**
     * A factory whose heads' states nothing else restores.
     *
     * @param memory what heads and encoders draw on
     */
    public HeadFactory(Substrate substrate, ServerMemory.Accounts memory) {
        this(substrate, memory, Learners.randomKey());
    }

    /**
     * @param memory what heads and encoders draw on
     * @param digestKey of {@link Learners#Learners}
     */
    public HeadFactory(Substrate substrate, ServerMemory.Accounts memory, byte[] digestKey) {
        this.substrate = substrate;
        this.memory = memory;
        this.encoders = new Encoders(substrate.info(), substrate.tokenizer());
        this.shared = new SharedEncoders(encoders, memory.encoders());
        this.readouts = new Learners(memory.learners(), digestKey);
        this.fpt = substrate instanceof TunableSubstrate tunable ? new FptLearners(tunable, memory.heads()) : null;
    }

    /** The encoders that are in use, by heads and by embedding requests. */
    public SharedEncoders encoders() {
        return shared;
    }

    @Override
    public HeadLearner create(HeadSpec spec) {
        return switch (spec.learning().kind()) {
            case READOUT -> readout(spec, unused -> {});
            case FPT -> fpt(spec).create(spec, encoders.reader(spec.modality()), this::readout);
        };
    }

    /**
     * A learner that goes on from a state.
     *
     * @param spec as the learner's was when the state was taken, whatever its name
     * @throws UnusableState if the state cannot be used
     * @throws Refused as {@link #create}
     */
    public HeadLearner restore(HeadSpec spec, LearnerState state) {
        return switch (spec.learning().kind()) {
            case READOUT -> readout(spec, state, unused -> {});
            case FPT -> fpt(spec).restore(spec, encoders.reader(spec.modality()), state, this::readout);
        };
    }

    /** What makes FPT heads, for one that is possible. */
    private FptLearners fpt(HeadSpec spec) {
        FptLearners learners = fpt != null ? fpt : new FptLearners(substrate.tunable(), memory.heads());
        checkPossible(spec, learners.featureWidth(spec));
        return learners;
    }

    private FeatureLearner readout(HeadSpec spec, Consumer<PrequentialMetrics.Tally> scored) {
        return readouts.create(spec, checkedLease(spec), scored);
    }

    private FeatureLearner readout(HeadSpec spec, LearnerState state, Consumer<PrequentialMetrics.Tally> scored) {
        return readouts.restore(spec, checkedLease(spec), state, scored);
    }

    /** The lease of a head that is possible. */
    private EncoderLease checkedLease(HeadSpec spec) {
        EncoderLease encoder = lease(spec);
        boolean possible = false;
        try {
            checkPossible(spec, encoder.encoder().featureWidth());
            possible = true;
        } finally {
            if (!possible) {
                encoder.close();
            }
        }
        return encoder;
    }

    private EncoderLease lease(HeadSpec spec) {
        try {
            return shared.lease(spec.modality(), spec.encoder());
        } catch (Refused refused) {
            throw refused.reason() == Reason.MEMORY_LIMIT ? refused.about(spec.name()) : refused;
        }
    }

    /** Refuses a head that could outgrow all memory that heads have, before any of it is allocated. */
    private void checkPossible(HeadSpec spec, int featureWidth) {
        try {
            memory.checkPossible(HeadFootprint.of(spec.task(), spec.learning(), featureWidth));
        } catch (Refused refused) {
            throw refused.about(
                    spec.name() + ", " + spec.task().maxOutputs() + " outputs of " + featureWidth + " features");
        }
    }

    @Override
    public void close() {
        readouts.close();
    }
}
