// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadMemory;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerMemory;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.task.PrequentialMetrics;
import java.security.SecureRandom;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes learners and owns the native memory that they share. Any number of threads may call at once, and learners may
 * learn at the same time, each on one thread. Close the learners first: closing this frees their native memory.
 */
public final class Learners implements AutoCloseable {
    /** Widest features of least squares: their inverse covariance is 1 GiB. */
    private static final int WIDEST_SQUARES = 16_384;

    /** Bytes of a digest key. */
    public static final int DIGEST_KEY_BYTES = FeatureDigest.KEY_BYTES;

    private final HeadMemory memory;
    private final SharedCovariances covariances;

    /** Learners whose memory nobody bounds. */
    public Learners() {
        this(HeadMemory.UNLIMITED);
    }

    /**
     * Learners whose states are restored by none but themselves: their digest key is random.
     *
     * @param memory what the learners draw on
     */
    public Learners(HeadMemory memory) {
        this(memory, randomKey());
    }

    /**
     * @param memory what the learners draw on
     * @param digestKey {@link #DIGEST_KEY_BYTES} random bytes, a secret by which equal histories of features are
     *     recognised; the same for all learners that restore each other's states
     */
    public Learners(HeadMemory memory, byte[] digestKey) {
        this.memory = memory;
        this.covariances = new SharedCovariances(memory, digestKey);
    }

    /** A new digest key. */
    public static byte[] randomKey() {
        byte[] key = new byte[DIGEST_KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return key;
    }

    /**
     * A learner that has learned nothing. It has no inverse covariance before it has learned 32 rows.
     *
     * @param encoder makes its features; it has a key, and heads of one tenant with equal keys and equal least squares
     *     settings share the inverse covariance while their histories of features are equal
     */
    public FeatureLearner create(HeadSpec spec, ObservationEncoder encoder) {
        return create(spec, EncoderLease.unshared(encoder), unused -> {});
    }

    /**
     * As {@link #create(HeadSpec, ObservationEncoder)}.
     *
     * @param encoder closed with the learner, and if this fails
     * @param scored receives how each example was predicted before it was learned, in order
     * @throws Refused INVALID_FIELD; MEMORY_LIMIT if there is no memory for the learner
     */
    public FeatureLearner create(HeadSpec spec, EncoderLease encoder, Consumer<PrequentialMetrics.Tally> scored) {
        FeatureLearner learner = null;
        try {
            learner = make(spec, encoder, null, scored);
            return learner;
        } finally {
            if (learner == null) {
                encoder.close();
            }
        }
    }

    /**
     * A learner that goes on from a state.
     *
     * @param spec as the learner's was when the state was taken, whatever its name
     * @param encoder makes its features; closed with the learner, and if this fails
     * @param scored receives how each example was predicted before it was learned, in order
     * @throws UnusableState if the state cannot be used
     * @throws Refused MEMORY_LIMIT if there is no memory for the learner
     */
    public FeatureLearner restore(
            HeadSpec spec, EncoderLease encoder, LearnerState state, Consumer<PrequentialMetrics.Tally> scored) {
        FeatureLearner learner = null;
        try {
            learner = make(spec, encoder, StoredReadout.of(state, spec, encoder.encoder()), scored);
            return learner;
        } finally {
            if (learner == null) {
                encoder.close();
            }
        }
    }

    private FeatureLearner make(
            HeadSpec spec,
            EncoderLease encoder,
            @Nullable StoredReadout stored,
            Consumer<PrequentialMetrics.Tally> scored) {
        int featureWidth = encoder.encoder().featureWidth();
        Refused.checkRange("feature_width", featureWidth, 1, 1 << 20);
        LearnerMemory reserved = LearnerMemory.reserve(memory.heap(), spec, featureWidth, 0);
        Rule rule = null;
        FeatureLearner learner = null;
        try {
            Loss loss = spec.learning() instanceof LearningSpec.RecursiveLeastSquares ? null : Loss.of(spec.task());
            ReadoutLearner.Holdings holdings = new ReadoutLearner.Holdings(encoder, reserved);
            if (stored == null) {
                rule = rule(spec, encoder.encoder(), loss);
                learner = new ReadoutLearner(spec, holdings, rule, loss, scored);
            } else {
                reserved.resize(spec, stored.outputs(), 0);
                rule = rule(spec, encoder.encoder(), loss);
                restore(rule, stored, spec);
                learner = new ReadoutLearner(spec, holdings, rule, loss, scored, stored.readout());
            }
            return learner;
        } finally {
            if (learner == null) {
                reserved.close();
                if (rule != null) {
                    rule.close();
                }
            }
        }
    }

    private static void restore(Rule rule, StoredReadout stored, HeadSpec spec) {
        try {
            rule.restore(stored);
        } catch (Refused refused) {
            throw refused.about(spec.name());
        }
    }

    private Rule rule(HeadSpec spec, ObservationEncoder encoder, @Nullable Loss loss) {
        int featureWidth = encoder.featureWidth();
        if (loss != null) {
            return new GradientRule(loss, (LearningSpec.Gradient) spec.learning(), featureWidth);
        }
        LearningSpec.RecursiveLeastSquares squares = (LearningSpec.RecursiveLeastSquares) spec.learning();
        Refused.check(
                featureWidth <= WIDEST_SQUARES,
                "encoder",
                featureWidth + " features",
                "at most " + WIDEST_SQUARES + " for learning.least_squares, whose inverse covariance is their square");
        EncoderKey identity = Objects.requireNonNull(encoder.key(), "encoder: no key");
        SharedCovariances.Key key = new SharedCovariances.Key(
                spec.name().tenant(),
                identity,
                featureWidth,
                Math.max(0, featureWidth - clientColumns(identity)),
                squares.ridge(),
                squares.forgetting());
        try {
            return new LeastSquaresRule(new CovarianceReader(covariances, key));
        } catch (Refused refused) {
            throw refused.about(spec.name());
        }
    }

    /**
     * How many of the last features are in units of the client's own: the raw input of tensors, and of series that are
     * not normalised. Encoders scale everything else to magnitude about 1.
     */
    private static int clientColumns(EncoderKey encoder) {
        boolean inClientUnits = encoder.modality() instanceof ModalitySpec.Tensor
                || (encoder.modality() instanceof ModalitySpec.Series series && !series.normalizePerWindow());
        return inClientUnits ? encoder.rawWidth() : 0;
    }

    /** Inverse covariances in native memory now, each counted once however many heads share it. */
    public int inverseCovariances() {
        return covariances.matrices();
    }

    SharedCovariances covariances() {
        return covariances;
    }

    @Override
    public void close() {
        covariances.close();
    }
}
