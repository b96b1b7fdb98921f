package dev.reservoir.heads;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The learner of an {@code FPT} head: its gradient goes through the frozen substrate, in passes that it shares with other heads.
 *
 * <p>Order of calls: {@link #take} until {@link #due}; then {@link #begin}, what {@link Update} asks for, {@link Update#finish}, and again
 * while an update is due; then {@link #take} once more.
 */
public non-sealed interface SubstrateLearner extends HeadLearner {

    /** Whether {@link #take} wants the features that the head's frozen encoder reads off the observation. */
    boolean wantsFeatures();

    /**
     * Takes an example behind those taken before. It is learned, and counted in the metrics, once its minibatch is full.
     *
     * @param features null where they are not wanted
     * @return null where it was taken, else why it was refused; a refused example changes nothing but the refusal count
     * @throws IllegalStateException while an update is due
     */
    @Nullable
    Refused take(AdmittedObservation observation, Target target, @Nullable Features features);

    /** Whether an update waits to be made. */
    boolean due();

    /** Begins the update that is due. */
    Update begin();

    /** One step of the learning rule. One thread's; exactly one of {@link #finish} and {@link #abandon} ends it. */
    interface Update {
        /** Portions of the minibatch, in order, each small enough for one pass; cut by the head's own settings alone. */
        List<Portion> portions();

        /** The norms that every pass of it runs with. */
        TunableSubstrate.NormRow norms();

        /** Makes the step: to be called after every portion was followed back. */
        void finish();

        /** Forgets what its portions gathered: a pass failed, and all of the update's are made again. */
        void restart();

        /** Gives the step up where the substrate could not be run: its examples are not learned. */
        void abandon();
    }

    /** Some examples of an update, which read the substrate together. */
    interface Portion {
        /** Sequences. */
        int size();

        /** What the substrate reads. */
        List<SubstrateInput> sequences();

        /** Tokens of all sequences. */
        int tokens();

        /** Whether anything inside the substrate learns, so that {@link #accumulateGradient} must be called after {@link #scoreAndLoss}. */
        boolean inside();

        /**
         * Scores the examples and takes the loss.
         *
         * @param hidden holds the portion's sequences from {@code first} on
         * @param gradient {@code [sum T, D]} of the whole pass: receives the loss's gradient by the portion's hidden states
         */
        void scoreAndLoss(HiddenStates hidden, int first, float[] gradient);

        /**
         * Follows the gradient back.
         *
         * @param gradients of the whole pass
         * @param slot the norms' slot in it
         * @param firstRow first row of the portion in {@code gradients.embeddings()}
         */
        void accumulateGradient(TunableSubstrate.Gradients gradients, int slot, int firstRow);
    }
}
