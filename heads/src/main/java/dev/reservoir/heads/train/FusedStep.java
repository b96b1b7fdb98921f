package dev.reservoir.heads.train;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.SubstrateLearner.Portion;
import dev.reservoir.heads.SubstrateLearner.Update;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.TunableSubstrate.Gradients;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes one update of many heads in passes that they share. The gradient of the summed loss by one head's numbers is that head's own, for
 * they are disjoint; and a sequence's hidden states and gradients do not depend on what else is in the pass. So every head ends where it
 * would have ended alone, bit for bit.
 */
public final class FusedStep {
    /** Most tokens of a pass of several portions. */
    public static final int PASS_TOKENS = 2_048;

    /** What the way back through the substrate costs, in passes: as many products, and the attention computed again. */
    public static final double WAY_BACK = 1.2;

    private final TunableSubstrate substrate;

    public FusedStep(TunableSubstrate substrate) {
        this.substrate = substrate;
    }

    /**
     * Makes the next update of each learner. Where a pass fails every update is made again by itself, so that only those that cannot be made alone are
     * given up.
     *
     * @param learners each with an update that is due
     * @return tokens that passed the substrate, the way back counted as {@link #WAY_BACK} of them
     * @throws RuntimeException once every update has ended, where some were given up: what the first of them met
     */
    public double run(List<? extends SubstrateLearner> learners) {
        List<Update> updates = new ArrayList<>(learners.size());
        try {
            for (SubstrateLearner learner : learners) {
                updates.add(learner.begin());
            }
        } catch (RuntimeException e) {
            updates.forEach(Update::abandon);
            throw e;
        }
        RuntimeException failure = null;
        double tokens;
        try {
            tokens = runPasses(updates);
        } catch (PassFailure together) {
            return runAlone(updates, together);
        }
        for (Update update : updates) {
            failure = firstOf(failure, finish(update));
        }
        if (failure != null) {
            throw failure;
        }
        return tokens;
    }

    private double runAlone(List<Update> updates, PassFailure together) {
        double tokens = 0;
        RuntimeException failure = null;
        for (Update update : updates) {
            try {
                if (updates.size() == 1) {
                    throw together;
                }
                update.restart();
                tokens += runPasses(List.of(update));
                failure = firstOf(failure, finish(update));
            } catch (PassFailure alone) {
                update.abandon();
                failure = firstOf(failure, alone.cause);
            }
        }
        if (failure != null) {
            throw failure;
        }
        return tokens;
    }

    /** Returns what went wrong, where something did; either way the update has ended. */
    private static @Nullable RuntimeException finish(Update update) {
        try {
            update.finish();
            return null;
        } catch (RuntimeException e) {
            update.abandon();
            return e;
        }
    }

    private static @Nullable RuntimeException firstOf(
            @Nullable RuntimeException earlier, @Nullable RuntimeException later) {
        return earlier != null ? earlier : later;
    }

    private double runPasses(List<Update> updates) {
        double all = 0;
        List<Seat> seats = new ArrayList<>();
        int tokens = 0;
        for (Update update : updates) {
            for (Portion portion : update.portions()) {
                if (!seats.isEmpty() && tokens + portion.tokens() > PASS_TOKENS) {
                    runPass(seats);
                    seats.clear();
                    tokens = 0;
                }
                seats.add(new Seat(portion, update.norms()));
                tokens += portion.tokens();
                all += portion.tokens() * (portion.inside() ? 1 + WAY_BACK : 1);
            }
        }
        if (!seats.isEmpty()) {
            runPass(seats);
        }
        return all;
    }

    private void runPass(List<Seat> seats) {
        try {
            pass(seats);
        } catch (RuntimeException e) {
            throw new PassFailure(e);
        }
    }

    private void pass(List<Seat> seats) {
        List<SubstrateInput> sequences = new ArrayList<>();
        List<NormRow> norms = new ArrayList<>();
        List<Integer> slots = new ArrayList<>();
        boolean inside = false;
        for (Seat seat : seats) {
            if (norms.isEmpty() || norms.get(norms.size() - 1) != seat.norms) {
                norms.add(seat.norms);
            }
            for (SubstrateInput sequence : seat.portion.sequences()) {
                sequences.add(sequence);
                slots.add(norms.size() - 1);
            }
            inside |= seat.portion.inside();
        }
        NormBank bank = NormBank.of(norms);
        int[] slotOfSequence = slots.stream().mapToInt(Integer::intValue).toArray();
        if (!inside) {
            scoreAndLoss(seats, substrate.forward(sequences, bank, slotOfSequence));
            return;
        }
        try (TracedForward traced = substrate.trace(sequences, bank, slotOfSequence)) {
            HiddenStates hidden = traced.hidden();
            Gradients gradients = traced.gradients(scoreAndLoss(seats, hidden));
            int sequence = 0;
            for (Seat seat : seats) {
                if (seat.portion.inside()) {
                    seat.portion.accumulateGradient(gradients, slotOfSequence[sequence], hidden.offsets()[sequence]);
                }
                sequence += seat.size;
            }
        }
    }

    /** Returns the loss's gradient by the hidden states. */
    private static float[] scoreAndLoss(List<Seat> seats, HiddenStates hidden) {
        float[] gradient = new float[hidden.values().length];
        int sequence = 0;
        for (Seat seat : seats) {
            seat.portion.scoreAndLoss(hidden, sequence, gradient);
            sequence += seat.size;
        }
        return gradient;
    }

    /** What a pass met, before any of its updates was finished. */
    private static final class PassFailure extends RuntimeException {
        private static final long serialVersionUID = 1;

        final RuntimeException cause;

        PassFailure(RuntimeException cause) {
            super(cause);
            this.cause = cause;
        }
    }

    /** A portion's place in a pass. */
    private static final class Seat {
        final Portion portion;
        final NormRow norms;
        final int size;

        Seat(Portion portion, NormRow norms) {
            this.portion = portion;
            this.norms = norms;
            this.size = portion.size();
        }
    }
}
