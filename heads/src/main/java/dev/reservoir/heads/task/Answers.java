// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Prediction.Scored;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.math.Loss;
import dev.reservoir.heads.math.Losses;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns outputs into a prediction.
 *
 * @param labels in the order of their scores; empty for tasks of values
 * @param link turns outputs into scores; null if outputs already are scores
 */
public record Answers(
        Task task, List<String> labels, @Nullable Loss link) {

    /**
     * The answer to one example.
     *
     * @param outputs {@code [rows, C]}, changed here; one row, or one per token for tasks per token
     * @param scale see {@link Features#scale}
     * @param maxScores see {@link dev.reservoir.heads.HeadSnapshot#predict}
     */
    public Prediction of(float[] outputs, int rows, Features.@Nullable Scale scale, int maxScores) {
        int count = outputs.length / rows;
        if (task instanceof Task.TokenMultiLabel) {
            return sets(outputs, rows, count, maxScores);
        }
        if (task instanceof Task.TokenClassification) {
            List<String> answers = new ArrayList<>(rows);
            for (int row = 0; row < rows; row++) {
                answers.add(count == 0 ? "" : labels.get(best(outputs, row * count, count)));
            }
            return new Prediction.TokenLabels(List.copyOf(answers));
        }
        if (task instanceof Task.Classification) {
            String winner = count == 0 ? "" : labels.get(best(outputs, 0, count));
            if (maxScores > 0 && link == Loss.SOFTMAX && count > 0) {
                Losses.softmax(outputs, count);
            }
            return new Prediction.Label(winner, top(outputs, maxScores));
        }
        if (task instanceof Task.MultiLabel) {
            List<String> chosen = new ArrayList<>();
            for (int c = 0; c < count; c++) {
                outputs[c] = link == null ? outputs[c] : Losses.logistic(outputs[c]);
                if (outputs[c] >= 0.5f) {
                    chosen.add(labels.get(c));
                }
            }
            return new Prediction.LabelSet(List.copyOf(chosen), top(outputs, maxScores));
        }
        if (task instanceof Task.Forecast && scale != null) {
            for (int i = 0; i < count; i++) {
                int channel = i % scale.shift().length;
                outputs[i] = outputs[i] * scale.factor()[channel] + scale.shift()[channel];
            }
        }
        return new Prediction.Values(outputs);
    }

    private Prediction sets(float[] outputs, int rows, int count, int maxScores) {
        // The output whose score is one half.
        float threshold = link == null ? 0.5f : 0;
        List<Prediction.TokenSet> tokens = new ArrayList<>(rows);
        int[] chosen = new int[count];
        for (int row = 0; row < rows; row++) {
            float[] scores = Arrays.copyOfRange(outputs, row * count, (row + 1) * count); // [C]
            int chosenCount = 0;
            for (int c = 0; c < count; c++) {
                if (scores[c] >= threshold) {
                    chosen[chosenCount++] = c;
                }
            }
            int[] best = new int[Math.min(maxScores, count)];
            float[] bestScores = new float[best.length];
            long[] keys = best.length == 0 ? new long[0] : topKeys(scores, best.length);
            for (int i = 0; i < best.length; i++) {
                best[i] = (int) keys[i];
                bestScores[i] = link == null ? scores[best[i]] : Losses.logistic(scores[best[i]]);
            }
            tokens.add(new Prediction.TokenSet(Arrays.copyOf(chosen, chosenCount), best, bestScores));
        }
        return new Prediction.TokenLabelSets(labels, List.copyOf(tokens));
    }

    /** Exports how outputs become scores. */
    public void visitParts(PartVisitor parts) {
        parts.choice("link", link == null ? "none" : nameOf(link));
    }

    private static String nameOf(Loss link) {
        return switch (link) {
            case SOFTMAX -> "softmax";
            case LOGISTIC, MEAN_LOGISTIC -> "logistic";
            case SQUARED -> "none";
        };
    }

    /** Index, counted from {@code from}, of the highest of {@code count} scores; the first if several are equal. */
    static int best(float[] scores, int from, int count) {
        int best = 0;
        for (int c = 1; c < count; c++) {
            if (scores[from + c] > scores[from + best]) {
                best = c;
            }
        }
        return best;
    }

    private List<Scored> top(float[] scores, int most) {
        int count = Math.min(most, scores.length);
        if (count == 0) {
            return List.of();
        }
        long[] keys = topKeys(scores, count);
        Scored[] top = new Scored[count];
        for (int i = 0; i < count; i++) {
            int index = (int) keys[i];
            top[i] = new Scored(labels.get(index), scores[index]);
        }
        return List.of(top);
    }

    /** The {@code count} best, best first, equal ones by index; the index is the lower half of each. */
    static long[] topKeys(float[] scores, int count) {
        long[] keys = new long[count];
        int held = 0;
        if (count > 32) {
            long[] all = new long[scores.length];
            for (int c = 0; c < all.length; c++) {
                all[c] = key(scores[c], c);
            }
            Arrays.sort(all);
            return Arrays.copyOf(all, count);
        }
        for (int c = 0; c < scores.length; c++) {
            long key = key(scores[c], c);
            if (held == count && key > keys[count - 1]) {
                continue;
            }
            int at = held < count ? held++ : count - 1;
            while (at > 0 && keys[at - 1] > key) {
                keys[at] = keys[at - 1];
                at--;
            }
            keys[at] = key;
        }
        return keys;
    }

    /** Smaller for higher scores, then for smaller indices. */
    private static long key(float score, int index) {
        int bits = Float.floatToIntBits(score + 0f);
        int ascending = bits ^ ((bits >> 31) & 0x7fffffff);
        return ((long) ~ascending << 32) | index;
    }
}
