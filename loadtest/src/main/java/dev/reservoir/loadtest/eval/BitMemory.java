// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TokenMultiLabel;
import java.util.BitSet;
import java.util.Locale;
import java.util.Random;

/**
 * Patterns of random bits (+1 and -1), followed by one of them with each of its bits set to 0 with probability one
 * half: what was the pattern? The target of each token of the query is all of its bits.
 *
 * @param patterns 5 in the paper
 * @param bits of a pattern, 1,000 in the paper
 * @param width bits per token, 50 in the paper
 */
record BitMemory(int patterns, int bits, int width) {
    static final BitMemory PAPER = new BitMemory(5, 1_000, 50);

    /** The paper uses 2 to 16. */
    private static final int MINIBATCH = 4;

    BitMemory {
        if (patterns < 1 || width < 1 || bits < width || bits % width != 0) {
            throw new IllegalArgumentException(
                    "bits: " + bits + ", " + width + " a token (expected: a multiple), patterns: " + patterns);
        }
    }

    EvalTask task(EvalTask.Amount amount) {
        EvalTask.HeldOut heldOut = Draws.heldOut(this::item, amount);
        return new EvalTask(
                "bit-memory",
                String.format(
                        Locale.ROOT,
                        "%s%d patterns of %,d bits, %d a token, %d tokens; asked for all %,d bits, %s; an FPT head's"
                                + " rate ends at a quarter",
                        equals(PAPER) ? "" : "SMALLER THAN THE PAPER'S: ",
                        patterns,
                        bits,
                        width,
                        tokens(),
                        bits,
                        queryTokens() == 1
                                ? "on the last token"
                                : width + " on each of the last " + queryTokens() + " tokens"),
                "generated",
                heads(amount.halfLifeSteps(MINIBATCH, 2)),
                new EvalTask.TrainingSet(Draws.fresh(this::item, heldOut), amount.examples(), MINIBATCH),
                heldOut,
                new EvalTask.Scoring(
                        0.9,
                        256,
                        new EvalTask.Floor(0.75, "shown bits copied, masked ones guessed"),
                        "masked bits",
                        new EvalTask.Published(100, 75.8, 100)));
    }

    private EvalTask.Heads heads(int halfLifeSteps) {
        Modality modality = Modality.newBuilder()
                .setTensor(TensorModality.newBuilder().setWidth(width).setMaxRows(tokens()))
                .build();
        return new EvalTask.Heads(
                Head.newBuilder()
                        .setModality(modality)
                        .setTask(Task.newBuilder()
                                .setTokenMultiLabel(TokenMultiLabel.newBuilder()
                                        .addAllLabels(Targets.bitsOfAToken(width))
                                        .setMaxLabels(width)))
                        .setLearning(
                                Learning.newBuilder().setFpt(Fpt.newBuilder().setHalfLifeSteps(halfLifeSteps)))
                        .build(),
                Head.newBuilder()
                        .setModality(modality)
                        .setTask(Task.newBuilder().setMultiLabel(Targets.asSet(tokens() * width, bits)))
                        .build(),
                tokens());
    }

    int queryTokens() {
        return bits / width;
    }

    int tokens() {
        return (patterns + 1) * queryTokens();
    }

    EvalTask.Item item(Random random) {
        Matrix.Builder rows = Matrix.newBuilder().setColumns(width);
        boolean[][] drawn = new boolean[patterns][bits];
        for (boolean[] pattern : drawn) {
            for (int bit = 0; bit < bits; bit++) {
                pattern[bit] = random.nextBoolean();
                rows.addValues(pattern[bit] ? 1 : -1);
            }
        }
        boolean[] target = drawn[random.nextInt(patterns)];
        int unscored = tokens() - queryTokens();
        BitSet masked = new BitSet();
        for (int bit = 0; bit < bits; bit++) {
            boolean mask = random.nextBoolean();
            rows.addValues(mask ? 0 : target[bit] ? 1 : -1);
            masked.set(unscored * width + bit, mask);
        }
        return new EvalTask.Item(
                Example.newBuilder()
                        .setObservation(Observation.newBuilder().setTensor(rows))
                        .setTarget(Targets.perToken(unscored, width, target))
                        .build(),
                masked);
    }
}
