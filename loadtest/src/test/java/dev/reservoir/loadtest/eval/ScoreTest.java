// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.LabelPrediction;
import dev.reservoir.v1.LabelSetPrediction;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import dev.reservoir.v1.TokenLabelsPrediction;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ScoreTest {
    private final Score score = new Score();

    @Test
    void countsOnlyTokensWithATargetAndHardOnesSeparately() {
        BitSet hard = new BitSet();
        hard.set(2);
        EvalTask.Item item = new EvalTask.Item(
                Example.newBuilder()
                        .setTarget(Targets.perToken(1, List.of(1, 0, 1)))
                        .build(),
                hard);

        score.add(
                item,
                HeadPrediction.newBuilder()
                        .setTokenLabels(TokenLabelsPrediction.newBuilder().addAllLabels(List.of("1", "1", "1", "1")))
                        .build());

        assertThat(score.total()).isEqualTo(3);
        assertThat(score.all()).isEqualTo(2.0 / 3);
        assertThat(score.hard()).isZero();
    }

    @Test
    void interpretsASetAsTheBitsItNames() {
        EvalTask.Item item = EvalTask.Item.plain(Example.newBuilder()
                .setTarget(Targets.perToken(2, List.of(1, 0)))
                .build());

        score.add(item, set("bit-2"));
        assertThat(score.all()).isEqualTo(1);
        score.add(item, set("bit-3"));
        assertThat(score.all()).isEqualTo(0.5);
    }

    @Test
    void countsEveryBitOfATokenByNameAndHardOnesSeparately() {
        BitSet hard = new BitSet();
        hard.set(3, 5);
        EvalTask.Item item = new EvalTask.Item(
                Example.newBuilder()
                        .setTarget(Targets.perToken(1, 2, new boolean[] {true, false, true, true}))
                        .build(),
                hard);

        // The targets of bits 2 to 5 are 1 0 1 1. The answer's labels are in another order: 1 1 0 1.
        score.add(item, sets("bit-1", "bit-0", List.of(0), List.of(0, 1), List.of(0)));
        assertThat(score.total()).isEqualTo(4);
        assertThat(score.all()).isEqualTo(0.5);
        assertThat(score.hard()).isZero();
        // The control's labels are indices over the bits of all tokens.
        score.add(item, set("bit-2", "bit-4", "bit-5"));
        assertThat(score.all()).isEqualTo(6.0 / 8);
        assertThat(score.hard()).isEqualTo(2.0 / 4);
        score.add(item, HeadPrediction.getDefaultInstance());
        assertThat(score.all()).as("a missing answer is not correct").isEqualTo(6.0 / 12);
    }

    @SafeVarargs
    private static HeadPrediction sets(String first, String second, List<Integer>... tokens) {
        TokenLabelSetsPrediction.Builder sets =
                TokenLabelSetsPrediction.newBuilder().addLabels(first).addLabels(second);
        for (List<Integer> indices : tokens) {
            sets.addTokensBuilder().addAllIndices(indices);
        }
        return HeadPrediction.newBuilder().setTokenLabelSets(sets).build();
    }

    @Test
    void countsMissingAnswersAsWrong() {
        score.add(
                EvalTask.Item.plain(Example.newBuilder()
                        .setTarget(Targets.perToken(0, List.of(0, 0)))
                        .build()),
                HeadPrediction.newBuilder()
                        .setTokenLabels(TokenLabelsPrediction.newBuilder().addLabels("0"))
                        .build());

        assertThat(score.all()).isEqualTo(0.5);
    }

    @Test
    void comparesLabels() {
        EvalTask.Item item = EvalTask.Item.plain(Example.newBuilder()
                .setTarget(Target.newBuilder().setLabel("7"))
                .build());

        score.add(item, label("7"));
        score.add(item, label("1"));

        assertThat(score.all()).isEqualTo(0.5);
        assertThat(new Score().all()).isZero();
    }

    private static HeadPrediction set(String... labels) {
        return HeadPrediction.newBuilder()
                .setLabels(LabelSetPrediction.newBuilder().addAllLabels(List.of(labels)))
                .build();
    }

    private static HeadPrediction label(String label) {
        return HeadPrediction.newBuilder()
                .setLabel(LabelPrediction.newBuilder().setLabel(label))
                .build();
    }
}
