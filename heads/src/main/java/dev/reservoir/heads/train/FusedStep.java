// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes one update of many heads in passes that they share. The heads' parameters are disjoint, so the gradient of the
 * summed loss with respect to one head's parameters is that head's own; and a sequence's hidden states and gradients do
 * not depend on what else is in the pass. So every head ends up exactly as if it had been trained alone, bit for bit.
 */
public final class FusedStep {
    /** Most tokens of a pass of several portions. */
    public static final int PASS_TOKENS = 2_048;

    private final TunableSubstrate substrate;

    public FusedStep(TunableSubstrate substrate) {
        this.substrate = substrate;
    }

    /**
     * The outcome of the updates.
     *
     * @param tokens that passed through the substrate; the backward pass counts as
     *     {@link LearningSpec.Fpt#BACKWARD_PASSES} forward passes
     * @param aborted the updates that were not made, with the examples that are refused for it; all others were
     */
    public record Outcome(double tokens, List<FptLearner.Aborted> aborted) {}

    /**
     * Makes the next update of each learner. If a pass fails, every update is made again by itself, so that only those
     * that cannot be made alone are aborted. Whatever a pass throws, errors included, is caught here.
     *
     * @param learners each with an update that is due
     */
    public Outcome run(List<FptLearner> learners) {
        List<FptLearner.Aborted> aborted = new ArrayList<>();
        List<Begun> begun = new ArrayList<>(learners.size());
        for (FptLearner learner : learners) {
            try {
                begun.add(new Begun(learner, learner.begin()));
            } catch (Throwable e) {
                aborted.add(abort(learner, e));
            }
        }
        double tokens = 0;
        try {
            tokens = passAll(begun);
        } catch (Throwable together) {
            return new Outcome(runAlone(begun, together, aborted), aborted);
        }
        for (Begun one : begun) {
            finish(one, aborted);
        }
        return new Outcome(tokens, aborted);
    }

    private double runAlone(List<Begun> begun, Throwable together, List<FptLearner.Aborted> aborted) {
        if (begun.size() == 1) {
            aborted.add(abort(begun.get(0).learner, together));
            return 0;
        }
        double tokens = 0;
        for (Begun one : begun) {
            try {
                one.update.restart();
                tokens += passAll(List.of(one));
            } catch (Throwable alone) {
                aborted.add(abort(one.learner, alone));
                continue;
            }
            finish(one, aborted);
        }
        return tokens;
    }

    private static void finish(Begun one, List<FptLearner.Aborted> aborted) {
        FptLearner.@Nullable Aborted failed;
        try {
            failed = one.learner.finish(one.update);
        } catch (Throwable e) {
            failed = abort(one.learner, e);
        }
        if (failed != null) {
            aborted.add(failed);
        }
    }

    private static FptLearner.Aborted abort(FptLearner learner, Throwable cause) {
        return learner.abort(
                new Refused(Reason.INTERNAL, "example: its update could not be made, it is not learned"), cause);
    }

    /** Passes all portions of some updates. Returns their tokens. */
    private double passAll(List<Begun> begun) {
        double cost = 0;
        List<FptUpdate.Portion> pass = new ArrayList<>();
        int tokens = 0;
        for (Begun one : begun) {
            for (FptUpdate.Portion portion : one.update.portions()) {
                if (!pass.isEmpty() && tokens + portion.tokens() > PASS_TOKENS) {
                    pass(pass);
                    pass.clear();
                    tokens = 0;
                }
                pass.add(portion);
                tokens += portion.tokens();
                cost += portion.tokens() * (one.update.innerLearns() ? 1 + LearningSpec.Fpt.BACKWARD_PASSES : 1);
            }
        }
        if (!pass.isEmpty()) {
            pass(pass);
        }
        return cost;
    }

    private void pass(List<FptUpdate.Portion> portions) {
        List<SubstrateInput> sequences = new ArrayList<>(); // B of (T, D)
        List<NormRow> norms = new ArrayList<>(); // one per update: its slot
        List<Integer> slots = new ArrayList<>(); // (B)
        boolean backward = false;
        for (FptUpdate.Portion portion : portions) {
            NormRow row = portion.update().norms();
            if (norms.isEmpty() || norms.get(norms.size() - 1) != row) {
                norms.add(row);
            }
            for (SubstrateInput sequence : portion.sequences()) {
                sequences.add(sequence);
                slots.add(norms.size() - 1);
            }
            backward |= portion.update().innerLearns();
        }
        NormBank bank = NormBank.of(norms);
        int[] slotOfSequence = slots.stream().mapToInt(Integer::intValue).toArray();
        if (!backward) {
            scoreAndLoss(portions, substrate.forward(sequences, bank, slotOfSequence));
            return;
        }
        try (TracedForward traced = substrate.trace(sequences, bank, slotOfSequence)) {
            HiddenStates hidden = traced.hidden(); // (sum T, D)
            Gradients gradients = traced.gradients(scoreAndLoss(portions, hidden));
            int sequence = 0;
            for (FptUpdate.Portion portion : portions) {
                if (portion.update().innerLearns()) {
                    portion.accumulateGradient(gradients, slotOfSequence[sequence], hidden.offsets()[sequence]);
                }
                sequence += portion.size();
            }
        }
    }

    /** Returns the loss's gradient with respect to the hidden states, {@code (sum T, D)}. */
    private static float[] scoreAndLoss(List<FptUpdate.Portion> portions, HiddenStates hidden) {
        float[] gradient = new float[hidden.values().length];
        int sequence = 0;
        for (FptUpdate.Portion portion : portions) {
            portion.scoreAndLoss(hidden, sequence, gradient);
            sequence += portion.size();
        }
        return gradient;
    }

    /** An update under way, and the learner to which it belongs. */
    private record Begun(FptLearner learner, FptUpdate update) {}
}
