// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerMemory;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.MemoryAccount;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.modality.OrthogonalProjection;
import dev.reservoir.heads.task.PrequentialMetrics;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes the learners of FPT heads on one substrate. Any number of threads may call at once. */
public final class FptLearners {
    /** Widest row of an observation that may be projected. */
    private static final int WIDEST_INPUT = OrthogonalProjection.WIDEST;
    /** Most weights of a readout: 192 MiB with their moments. */
    private static final int MOST_WEIGHTS = 1 << 24;
    /** Most numbers in a replay sample: 256 MiB. */
    private static final int MOST_REPLAYED = 1 << 26;
    /** Bytes of an inner parameter: itself, two moments, and the served one if it is older. */
    private static final long INNER_BYTES = 4L * Float.BYTES;
    /** Norm of the rows that the substrate reads before any training: the gain of the paper's orthogonal input map. */
    private static final double INPUT_GAIN = Math.sqrt(2);

    /** Makes the readouts of frozen baselines. */
    @FunctionalInterface
    public interface ReadoutFactory {
        /**
         * A readout that has learned nothing.
         *
         * @param scored receives how each example was predicted before it was learned, in order
         */
        FeatureLearner create(HeadSpec spec, Consumer<PrequentialMetrics.Tally> scored);
    }

    /** Restores the readouts of frozen baselines. */
    @FunctionalInterface
    public interface ReadoutRestorer {
        /**
         * A readout that goes on from a state.
         *
         * @param scored receives how each example was predicted before it was learned, in order
         * @throws UnusableState if the state cannot be used
         */
        FeatureLearner restore(HeadSpec spec, LearnerState state, Consumer<PrequentialMetrics.Tally> scored);
    }

    private final TunableSubstrate substrate;
    private final MemoryAccount heap;
    private final TunableSubstrate.NormRow ownNorms;

    /** Learners whose memory nobody bounds. */
    public FptLearners(TunableSubstrate substrate) {
        this(substrate, MemoryAccount.UNLIMITED);
    }

    /** @param heap the Java heap that the learners draw on */
    public FptLearners(TunableSubstrate substrate, MemoryAccount heap) {
        this.substrate = substrate;
        this.heap = heap;
        this.ownNorms = substrate.ownNorms();
    }

    /**
     * Width of the features that a head's readout reads.
     *
     * @throws Refused INVALID_FIELD if the modality has more tokens than the substrate has positions, or the features
     *     are too wide
     */
    public int featureWidth(HeadSpec spec) {
        spec.modality().checkPositions(substrate.info().positions());
        int width = TokenPooling.of(spec, substrate.info()).featureWidth();
        Encoders.checkFeatures(spec.modality(), spec.encoder().pooling(), width);
        return width;
    }

    /**
     * A learner that has learned nothing.
     *
     * @param spec whose learning is {@link LearningSpec.Fpt}
     * @param reader of its modality
     * @param readouts called if the head has a frozen baseline
     * @throws Refused INVALID_FIELD as {@link #featureWidth}, or if a row of the modality is too wide for a projection
     *     of its own, or the readout or the replay sample could grow too large; MEMORY_LIMIT if there is no memory for
     *     it
     */
    public FptLearner create(HeadSpec spec, ObservationReader reader, ReadoutFactory readouts) {
        return make(spec, model(spec, reader), null, readouts);
    }

    /**
     * A learner that goes on from a state.
     *
     * @param spec as the learner's was when the state was taken, whatever its name
     * @param reader of its modality
     * @param readouts called if the head has a frozen baseline
     * @throws UnusableState if the state cannot be used
     * @throws Refused as {@link #create}
     */
    public FptLearner restore(HeadSpec spec, ObservationReader reader, LearnerState state, ReadoutRestorer readouts) {
        FptModel model = model(spec, reader);
        StoredFpt stored = StoredFpt.of(state, spec, model);
        return make(spec, model, stored, (baseline, scored) -> readouts.restore(baseline, stored.baseline(), scored));
    }

    private FptModel model(HeadSpec spec, ObservationReader reader) {
        checkReadout(spec.task(), featureWidth(spec));
        checkReplay(spec.modality(), (LearningSpec.Fpt) spec.learning(), reader);
        return FptModel.of(spec, reader, substrate);
    }

    private FptLearner make(HeadSpec spec, FptModel model, @Nullable StoredFpt stored, ReadoutFactory readouts) {
        LearningSpec.Fpt learning = (LearningSpec.Fpt) spec.learning();
        ObservationReader reader = model.reader();
        TokenPooling pooling = model.pooling();
        int width = pooling.width();
        boolean projects = !spec.modality().readsTokenIds();
        if (projects) {
            checkInput(reader);
        }
        int positions = learning.parts().contains(Part.POSITIONS) ? pooling.maxTokens() * width : 0;
        long inner = 2L * ownNorms.gains().length + positions + (projects ? (reader.rowWidth() + 1L) * width : 0);
        LearnerMemory memory = LearnerMemory.reserve(heap, spec, pooling.featureWidth(), INNER_BYTES * inner);
        FrozenBaseline baseline = null;
        FptLearner learner = null;
        try {
            FptParameters start = new FptParameters(
                    projects ? projection(reader, width, spec.seed()) : new float[0],
                    new float[projects ? width : 0],
                    new float[positions],
                    ownNorms);
            baseline = learning.companion() == null ? null : new FrozenBaseline(spec, readouts);
            FptLearner made = new FptLearner(spec, model, start, memory, baseline);
            if (stored != null) {
                made.restore(stored);
            }
            learner = made;
            return learner;
        } finally {
            if (learner == null) {
                memory.close();
                if (baseline != null) {
                    baseline.close();
                }
            }
        }
    }

    /** Refuses a head that could grow until it exhausts the server's memory. */
    private static void checkReadout(Task task, int features) {
        int outputs = task.maxOutputs();
        Refused.check(
                (long) outputs * features <= MOST_WEIGHTS,
                "task",
                outputs + " outputs of " + features + " features",
                "at most " + MOST_WEIGHTS + " weights for kind FPT");
    }

    private static void checkReplay(ModalitySpec modality, LearningSpec.Fpt learning, ObservationReader reader) {
        long numbers;
        if (modality instanceof ModalitySpec.Tokens tokens) {
            numbers = tokens.maxLength();
        } else if (modality.readsTokenIds()) {
            numbers = modality.maxTokens();
        } else {
            numbers = (long) modality.maxTokens() * reader.rowWidth();
        }
        Refused.check(
                numbers * learning.replayCapacity() <= MOST_REPLAYED,
                "learning.fpt.replay_capacity",
                learning.replayCapacity() + " observations of " + numbers + " numbers",
                "at most " + MOST_REPLAYED + " numbers");
    }

    private static void checkInput(ObservationReader reader) {
        Refused.check(
                reader.rowWidth() <= WIDEST_INPUT,
                "modality",
                reader.rowWidth() + " numbers per token",
                "at most " + WIDEST_INPUT + " for kind FPT, which learns their projection");
    }

    private static float[] projection(ObservationReader reader, int width, long seed) {
        float[] weights = OrthogonalProjection.seeded(reader.rowWidth(), width, seed);
        float gain = (float) (INPUT_GAIN / reader.rowNorm());
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= gain;
        }
        return weights;
    }
}
