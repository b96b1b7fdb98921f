// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Prediction;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.LabelPrediction;
import dev.reservoir.v1.LabelScore;
import dev.reservoir.v1.LabelSetPrediction;
import dev.reservoir.v1.TokenLabelSetPrediction;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import dev.reservoir.v1.TokenLabelsPrediction;
import dev.reservoir.v1.ValuesPrediction;
import dev.reservoir.v1.Vector;

/** Answers, to the wire. */
public final class PredictionCodec {
    private PredictionCodec() {}

    /** Sets the outcome of one head. */
    public static void encode(Prediction prediction, HeadPrediction.Builder into) {
        if (prediction instanceof Prediction.Label answer) {
            LabelPrediction.Builder label = LabelPrediction.newBuilder().setLabel(answer.label());
            for (Prediction.Scored scored : answer.scores()) {
                label.addScores(score(scored));
            }
            into.setLabel(label);
        } else if (prediction instanceof Prediction.LabelSet answer) {
            LabelSetPrediction.Builder labels = LabelSetPrediction.newBuilder().addAllLabels(answer.labels());
            for (Prediction.Scored scored : answer.scores()) {
                labels.addScores(score(scored));
            }
            into.setLabels(labels);
        } else if (prediction instanceof Prediction.Values answer) {
            ValuesPrediction.Builder values = ValuesPrediction.newBuilder();
            for (float value : answer.values()) {
                values.addValues(value);
            }
            into.setValues(values);
        } else if (prediction instanceof Prediction.TokenLabels answer) {
            into.setTokenLabels(TokenLabelsPrediction.newBuilder().addAllLabels(answer.labels()));
        } else if (prediction instanceof Prediction.TokenLabelSets answer) {
            into.setTokenLabelSets(sets(answer));
        }
    }

    private static TokenLabelSetsPrediction.Builder sets(Prediction.TokenLabelSets answer) {
        TokenLabelSetsPrediction.Builder sets =
                TokenLabelSetsPrediction.newBuilder().addAllLabels(answer.labels());
        for (Prediction.TokenSet token : answer.tokens()) {
            TokenLabelSetPrediction.Builder set = sets.addTokensBuilder();
            for (int index : token.indices()) {
                set.addIndices(index);
            }
            for (int i = 0; i < token.scored().length; i++) {
                set.addScoredIndices(token.scored()[i]).addScores(token.scores()[i]);
            }
        }
        return sets;
    }

    /** Features row by row. */
    public static Vector encode(Features features) {
        return TargetCodec.vector(features.values());
    }

    private static LabelScore score(Prediction.Scored scored) {
        return LabelScore.newBuilder()
                .setLabel(scored.label())
                .setScore(scored.score())
                .build();
    }
}
