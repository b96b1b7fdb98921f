// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.SymbolSequence;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TokenClassification;
import dev.reservoir.v1.TokensModality;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Two strings of 5 bits, one bit per token; the targets of the last 5 tokens are their xor, bit by bit. There are 1,024
 * pairs of strings; held-out pairs are never trained on, which is stricter than the paper.
 */
final class BitXor {
    static final int BITS = 5;
    private static final int TOKENS = 2 * BITS;

    private BitXor() {}

    static EvalTask task(EvalTask.Amount amount) {
        List<EvalTask.Item> all = Draws.shuffled(
                        IntStream.range(0, 1 << TOKENS).boxed().toList())
                .stream()
                .map(BitXor::item)
                .toList();
        int heldOut = amount.validation() + amount.test();
        TokensModality tokens = TokensModality.newBuilder()
                .setVocabulary(2)
                .setMaxLength(TOKENS)
                .setGroup(1)
                .build();
        Modality modality = Modality.newBuilder().setTokens(tokens).build();
        return new EvalTask(
                "bit-xor",
                "two strings of 5 bits, 10 tokens, 5 bits asked",
                "generated; all 1,024 pairs, " + (all.size() - heldOut) + " of them to train on",
                new EvalTask.Heads(
                        Head.newBuilder()
                                .setModality(modality)
                                .setTask(Task.newBuilder()
                                        .setTokenClassification(
                                                TokenClassification.newBuilder().addAllLabels(Targets.BITS)))
                                .build(),
                        Head.newBuilder()
                                .setModality(modality)
                                .setTask(Task.newBuilder().setMultiLabel(Targets.asSet(TOKENS, BITS)))
                                .build(),
                        TOKENS),
                new EvalTask.TrainingSet(
                        Draws.epochs(all.subList(heldOut, all.size())), amount.examples(), Contender.MINIBATCH),
                new EvalTask.HeldOut(all.subList(0, amount.validation()), all.subList(amount.validation(), heldOut)),
                new EvalTask.Scoring(
                        0.95,
                        256,
                        new EvalTask.Floor(0.5, "any constant bit"),
                        "",
                        new EvalTask.Published(100, 100, 100)));
    }

    /** @param pair bit n is token n */
    static EvalTask.Item item(int pair) {
        List<Integer> bits =
                IntStream.range(0, TOKENS).mapToObj(token -> pair >>> token & 1).toList();
        List<Integer> xor = new ArrayList<>();
        for (int i = 0; i < BITS; i++) {
            xor.add(bits.get(i) ^ bits.get(BITS + i));
        }
        return EvalTask.Item.plain(Example.newBuilder()
                .setObservation(Observation.newBuilder()
                        .setTokens(SymbolSequence.newBuilder().addAllSymbols(bits)))
                .setTarget(Targets.perToken(BITS, xor))
                .build());
    }
}
