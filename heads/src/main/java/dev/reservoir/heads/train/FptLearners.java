package dev.reservoir.heads.train;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Fpt.Companion;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.modality.OrthogonalProjection;

/** Makes the learners of FPT heads on one substrate. Any number of threads may call at once. */
public final class FptLearners {
    /** Widest row of an observation. */
    private static final int WIDEST_INPUT = OrthogonalProjection.WIDEST;
    /** Length of the rows that the substrate reads at first: the gain of the paper's orthogonal input map. */
    private static final double INPUT_GAIN = Math.sqrt(2);

    /** Makes the learners of companions. */
    @FunctionalInterface
    public interface CompanionFactory {
        FeatureLearner create(HeadSpec spec);
    }

    private final Substrate substrate;
    private final Substrate.NormRow ownNorms;

    public FptLearners(Substrate substrate) {
        this.substrate = substrate;
        this.ownNorms = substrate.ownNorms();
    }

    /**
     * A learner that has learned nothing.
     *
     * @param spec whose learning is {@link LearningSpec.Fpt}
     * @param reader of its modality
     * @param companions asked where the head has a companion
     * @throws Refused INVALID_FIELD where a row of the modality is too wide for a projection of its own
     */
    public SubstrateLearner create(HeadSpec spec, ObservationReader reader, CompanionFactory companions) {
        FptLearner own = own(spec, reader);
        Companion companion = ((LearningSpec.Fpt) spec.learning()).companion();
        return companion == null
                ? own
                : new CompanionedLearner(own, companions.create(CompanionedLearner.specOf(spec, companion)));
    }

    private FptLearner own(HeadSpec spec, ObservationReader reader) {
        LearningSpec.Fpt learning = (LearningSpec.Fpt) spec.learning();
        int width = substrate.info().width();
        TokenPooling pooling =
                new TokenPooling(spec.encoder().pooling(), spec.modality().maxTokens(), width);
        float[] positions = new float[learning.parts().contains(Part.POSITIONS) ? pooling.maxTokens() * width : 0];
        Inside start = spec.modality() instanceof ModalitySpec.Text
                ? new Inside(new float[0], new float[0], positions, ownNorms)
                : new Inside(projection(reader, width, spec.seed()), new float[width], positions, ownNorms);
        return new FptLearner(spec, reader, substrate, pooling, start);
    }

    private static float[] projection(ObservationReader reader, int width, long seed) {
        Refused.check(
                reader.rowWidth() <= WIDEST_INPUT,
                "modality",
                reader.rowWidth() + " numbers a token",
                "at most " + WIDEST_INPUT + " for kind FPT, which learns their projection");
        float[] weights = OrthogonalProjection.seeded(reader.rowWidth(), width, seed);
        float gain = (float) (INPUT_GAIN / reader.rowNorm());
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= gain;
        }
        return weights;
    }
}
