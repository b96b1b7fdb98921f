// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.LabelPrediction;
import dev.reservoir.v1.LabelSequence;
import dev.reservoir.v1.LabelSet;
import dev.reservoir.v1.LabelSetPrediction;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TokenLabelSet;
import dev.reservoir.v1.TokenLabelSetPrediction;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import dev.reservoir.v1.TokenLabelsPrediction;
import dev.reservoir.v1.ValuesPrediction;
import dev.reservoir.v1.Vector;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TallyTest {
    private final Tally tally = new Tally();

    @Test
    void countsRightLabels() {
        tally.add(label("a"), answer("a"));
        tally.add(label("a"), answer("b"));
        tally.add(label("a"), HeadPrediction.getDefaultInstance());
        tally.add(label("b"), answer("b"));

        assertThat(tally.score()).isEqualTo(0.5);
        assertThat(tally.count()).isEqualTo(4);
    }

    @Test
    void aSetOfLabelsIsRightAsAWhole() {
        tally.add(labels("a", "b"), answers("b", "a"));
        tally.add(labels("a", "b"), answers("a"));
        tally.add(labels(), answers());

        assertThat(tally.score()).isEqualTo(2.0 / 3, within(1e-12));
    }

    @Test
    void countsTokensWhoseTruthIsKnown() {
        tally.add(
                Target.newBuilder()
                        .setTokenLabels(LabelSequence.newBuilder().addAllLabels(List.of("0", "", "1", "1")))
                        .build(),
                HeadPrediction.newBuilder()
                        .setTokenLabels(TokenLabelsPrediction.newBuilder().addAllLabels(List.of("0", "1", "0")))
                        .build());

        assertThat(tally.count()).isEqualTo(3);
        assertThat(tally.score()).isEqualTo(1.0 / 3, within(1e-12));
    }

    @Test
    void comparesTheSetsOfKnownTokensByName() {
        TokenLabelSet unknown = TokenLabelSet.newBuilder().setUnknown(true).build();
        TokenLabelSet both =
                TokenLabelSet.newBuilder().addIndices(1).addIndices(0).build();
        TokenLabelSet first = TokenLabelSet.newBuilder().addIndices(0).build();
        tally.add(
                Target.newBuilder()
                        .setTokenLabelSets(TokenLabelSets.newBuilder()
                                .addAllLabels(List.of("a", "b"))
                                .addAllTokens(List.of(unknown, both, first, first)))
                        .build(),
                HeadPrediction.newBuilder()
                        .setTokenLabelSets(TokenLabelSetsPrediction.newBuilder()
                                .addAllLabels(List.of("b", "a"))
                                .addTokens(set())
                                .addTokens(set(0, 1))
                                .addTokens(set(0)))
                        .build());

        assertThat(tally.count()).isEqualTo(3);
        assertThat(tally.score()).isEqualTo(1.0 / 3, within(1e-12));
    }

    private static TokenLabelSetPrediction set(Integer... indices) {
        return TokenLabelSetPrediction.newBuilder()
                .addAllIndices(List.of(indices))
                .build();
    }

    @Test
    void averagesAbsoluteErrorsOverAllNumbers() {
        tally.add(values(1, 2), predicted(1.5f, 4));
        tally.add(values(-3), predicted(-3));

        assertThat(tally.count()).isEqualTo(3);
        assertThat(tally.score()).isEqualTo(2.5 / 3, within(1e-12));
    }

    @Test
    void refusesValuesOfAnotherLengthThanTheirTruth() {
        assertThatThrownBy(() -> tally.add(values(1, 2), predicted(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("values: 1 (expected: 2, as many as the truth has)");
        assertThat(tally.score()).isZero();
    }

    private static Target label(String label) {
        return Target.newBuilder().setLabel(label).build();
    }

    private static HeadPrediction answer(String label) {
        return HeadPrediction.newBuilder()
                .setLabel(LabelPrediction.newBuilder().setLabel(label))
                .build();
    }

    private static Target labels(String... labels) {
        return Target.newBuilder()
                .setLabels(LabelSet.newBuilder().addAllLabels(List.of(labels)))
                .build();
    }

    private static HeadPrediction answers(String... labels) {
        return HeadPrediction.newBuilder()
                .setLabels(LabelSetPrediction.newBuilder().addAllLabels(List.of(labels)))
                .build();
    }

    private static Target values(float... values) {
        Vector.Builder vector = Vector.newBuilder();
        for (float value : values) {
            vector.addValues(value);
        }
        return Target.newBuilder().setValues(vector).build();
    }

    private static HeadPrediction predicted(float... values) {
        ValuesPrediction.Builder prediction = ValuesPrediction.newBuilder();
        for (float value : values) {
            prediction.addValues(value);
        }
        return HeadPrediction.newBuilder().setValues(prediction).build();
    }
}
