// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.train.FptLearners;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Creates the learners of heads of every kind on one substrate. Close it after them. */
public final class HeadFactory implements HeadRegistry.LearnerFactory, AutoCloseable {
    private final Substrate substrate;
    private final Encoders encoders;
    private final long maxHeadHeapBytes;
    private final Learners readouts = new Learners();
    /** Null if heads cannot be trained through the substrate. */
    private final @Nullable FptLearners fpt;

    /** A factory of heads that may each come to take half of this JVM's heap. */
    public HeadFactory(Substrate substrate) {
        this(substrate, Runtime.getRuntime().maxMemory() / 2);
    }

    /** @param maxHeadHeapBytes most bytes of heap that one head may grow to */
    HeadFactory(Substrate substrate, long maxHeadHeapBytes) {
        this.substrate = substrate;
        this.maxHeadHeapBytes = maxHeadHeapBytes;
        this.encoders = new Encoders(substrate.info(), substrate.tokenizer());
        this.fpt = substrate instanceof TunableSubstrate tunable ? new FptLearners(tunable) : null;
    }

    /** The encoders of the substrate, which embedding requests use too. */
    public Encoders encoders() {
        return encoders;
    }

    @Override
    public HeadLearner create(HeadSpec spec) {
        return switch (spec.learning().kind()) {
            case READOUT -> {
                ObservationEncoder encoder = encoders.encoder(spec.modality(), spec.encoder());
                checkFootprint(spec, encoder.featureWidth());
                yield readouts.create(spec, encoder);
            }
            case FPT -> {
                FptLearners learners = fpt != null ? fpt : new FptLearners(substrate.tunable());
                checkFootprint(spec, learners.featureWidth(spec));
                yield learners.create(spec, encoders.reader(spec.modality()), this::baseline);
            }
        };
    }

    private FeatureLearner baseline(HeadSpec spec, Consumer<PrequentialMetrics.Tally> scored) {
        return readouts.create(spec, encoders.encoder(spec.modality(), spec.encoder()), scored);
    }

    /** Refuses a head whose readout could outgrow the heap, before any of it is allocated. */
    private void checkFootprint(HeadSpec spec, int featureWidth) {
        long bytes =
                HeadFootprint.of(spec.task(), spec.learning(), featureWidth).heapBytes();
        if (bytes > maxHeadHeapBytes) {
            throw new Refused(
                    Reason.MEMORY_LIMIT,
                    "head: " + bytes + " bytes for " + spec.task().maxOutputs() + " outputs of " + featureWidth
                            + " features (expected: at most " + maxHeadHeapBytes + " bytes)");
        }
    }

    @Override
    public void close() {
        readouts.close();
    }
}
