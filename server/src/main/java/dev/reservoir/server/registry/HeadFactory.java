// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.registry;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadFootprint;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.task.PrequentialMetrics;
import dev.reservoir.heads.train.FptLearners;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Creates the parts of heads of every kind on one substrate. Close it after the learners it created. */
public final class HeadFactory implements HeadRegistry.PartFactory, AutoCloseable {
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
    public ObservationEncoder encoder(HeadSpec spec) {
        return encoders.encoder(spec.modality(), frozen(spec));
    }

    @Override
    public HeadLearner learner(HeadSpec spec, ObservationEncoder encoder) {
        checkFootprint(spec, encoder);
        return spec.learning() instanceof LearningSpec.Fpt
                ? fpt().create(
                                spec,
                                encoders.reader(spec.modality()),
                                (baseline, scored) -> readout(baseline, encoder, scored))
                : readout(spec, encoder, unused -> {});
    }

    /** Refuses a head whose readout could outgrow the heap, before any of it is allocated. */
    private void checkFootprint(HeadSpec spec, ObservationEncoder frozen) {
        int width = spec.learning() instanceof LearningSpec.Fpt ? fptFeatureWidth(spec) : frozen.featureWidth();
        long bytes = HeadFootprint.of(spec.task(), spec.learning(), width).heapBytes();
        if (bytes > maxHeadHeapBytes) {
            throw new Refused(
                    Reason.MEMORY_LIMIT,
                    "head: " + bytes + " bytes for " + spec.task().maxOutputs() + " outputs of " + width
                            + " features (expected: at most " + maxHeadHeapBytes + " bytes)");
        }
    }

    private int fptFeatureWidth(HeadSpec spec) {
        int width = substrate.info().width();
        return spec.encoder().pooling() == EncoderSpec.Pooling.CONCATENATE
                ? Math.multiplyExact(spec.modality().maxTokens(), width)
                : width;
    }

    private FeatureLearner readout(
            HeadSpec spec, ObservationEncoder frozen, Consumer<PrequentialMetrics.Tally> scored) {
        return readouts.create(spec, frozen.featureWidth(), Objects.requireNonNull(frozen.key()), scored);
    }

    /** @throws Refused if heads cannot be trained through the substrate */
    private FptLearners fpt() {
        return fpt != null ? fpt : new FptLearners(substrate.tunable());
    }

    /**
     * The encoder that reads features off the frozen substrate for a head: that of its frozen baseline, if it has one.
     */
    private static EncoderSpec frozen(HeadSpec spec) {
        return spec.learning() instanceof LearningSpec.Fpt learning && learning.companion() != null
                ? learning.companion().encoder()
                : spec.encoder();
    }

    @Override
    public void close() {
        readouts.close();
    }
}
