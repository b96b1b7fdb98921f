package dev.reservoir.heads.train;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Fpt.Companion;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.modality.OrthogonalProjection;

/** Makes the learners of FPT heads on one substrate. Any number of threads may call at once. */
public final class FptLearners {
    /** Widest row of an observation. */
    private static final int WIDEST_INPUT = OrthogonalProjection.WIDEST;
    /** Most weights of a readout: 192 MiB with their moments. */
    private static final int MOST_WEIGHTS = 1 << 24;
    /** Most numbers in a replay sample: 256 MiB. */
    private static final int MOST_REPLAYED = 1 << 26;
    /** Length of the rows that the substrate reads at first: the gain of the paper's orthogonal input map. */
    private static final double INPUT_GAIN = Math.sqrt(2);

    /** Makes the learners of companions. */
    @FunctionalInterface
    public interface CompanionFactory {
        FeatureLearner create(HeadSpec spec);
    }

    private final TunableSubstrate substrate;
    private final TunableSubstrate.NormRow ownNorms;

    public FptLearners(TunableSubstrate substrate) {
        this.substrate = substrate;
        this.ownNorms = substrate.ownNorms();
    }

    /**
     * A learner that has learned nothing.
     *
     * @param spec whose learning is {@link LearningSpec.Fpt}
     * @param reader of its modality
     * @param companions asked where the head has a companion
     * @throws Refused INVALID_FIELD where a row of the modality is too wide for a projection of its own, or the readout or the replay sample
     *     could grow too large
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
        checkReplay(spec.modality(), learning, reader);
        int width = substrate.info().width();
        TokenPooling pooling =
                new TokenPooling(spec.encoder().pooling(), spec.modality().maxTokens(), width);
        checkReadout(spec.task(), pooling.featureWidth());
        float[] positions = new float[learning.parts().contains(Part.POSITIONS) ? pooling.maxTokens() * width : 0];
        FptParameters start = spec.modality().readsTokenIds()
                ? new FptParameters(new float[0], new float[0], positions, ownNorms)
                : new FptParameters(projection(reader, width, spec.seed()), new float[width], positions, ownNorms);
        return new FptLearner(spec, reader, substrate, pooling, start);
    }

    /** A head may not be made that could grow until it takes the server's memory. */
    private static void checkReadout(Task task, int features) {
        int outputs;
        if (task instanceof Task.Labelled labelled) {
            outputs = labelled.maxLabels();
        } else if (task instanceof Task.Forecast forecast) {
            outputs = forecast.horizon() * forecast.channels();
        } else {
            outputs = ((Task.Regression) task).dimensions();
        }
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
