// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Prediction.Scored;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A frozen baseline that answers for its head. Its scores are put on the head's own scale, so that they mean the same
 * whichever of the two answers: least squares estimates of a truth of 0 or 1 are clipped to that range, and those of
 * exactly one label are normalised by their sum, or equal if all are 0. Its answers and the order in which it ranks the
 * labels are unchanged.
 */
record BaselineSnapshot(HeadSnapshot readout) implements HeadSnapshot {

    @Override
    public List<String> labels() {
        return readout.labels();
    }

    @Override
    public ObservationEncoder encoder() {
        return readout.encoder();
    }

    @Override
    public @Nullable ObservationEncoder exampleEncoder() {
        return readout.exampleEncoder();
    }

    @Override
    public boolean isFrozenBaseline() {
        return true;
    }

    @Override
    public Prediction predict(Features features, int maxScores) {
        if (maxScores <= 0) {
            return readout.predict(features, maxScores);
        }
        // Shares are of the sum over all labels, however many are reported.
        Prediction answer = readout.predict(features, Math.max(maxScores, labels().size()));
        if (answer instanceof Prediction.Label label) {
            return new Prediction.Label(label.label(), first(maxScores, shares(label.scores())));
        }
        if (answer instanceof Prediction.LabelSet set) {
            return new Prediction.LabelSet(
                    set.labels(),
                    first(
                            maxScores,
                            set.scores().stream()
                                    .map(scored -> new Scored(scored.label(), clip(scored.score())))
                                    .toList()));
        }
        if (answer instanceof Prediction.TokenLabelSets) {
            return clipped((Prediction.TokenLabelSets) readout.predict(features, maxScores));
        }
        return answer;
    }

    private static List<Scored> shares(List<Scored> scores) {
        double sum = 0;
        for (Scored scored : scores) {
            sum += clip(scored.score());
        }
        double all = sum;
        return scores.stream()
                .map(scored -> new Scored(
                        scored.label(), (float) (all == 0 ? 1.0 / scores.size() : clip(scored.score()) / all)))
                .toList();
    }

    private static Prediction clipped(Prediction.TokenLabelSets sets) {
        for (Prediction.TokenSet token : sets.tokens()) {
            for (int i = 0; i < token.scores().length; i++) {
                token.scores()[i] = clip(token.scores()[i]);
            }
        }
        return sets;
    }

    private static List<Scored> first(int count, List<Scored> scores) {
        return scores.size() <= count ? scores : List.copyOf(scores.subList(0, count));
    }

    private static float clip(float score) {
        return Math.max(0, Math.min(1, score));
    }

    @Override
    public void visitParts(PartVisitor parts) {
        readout.visitParts(parts);
    }
}
