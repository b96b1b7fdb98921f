package dev.reservoir.heads.readout;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Prediction.Scored;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Weights that are never written to again.
 *
 * @param link what turns outputs into scores; null where they are scores
 */
record ReadoutSnapshot(Task task, List<String> labels, Weights weights, GradientRule.@Nullable Loss link)
        implements HeadSnapshot {

    @Override
    public Prediction predict(Features features, int maxScores) {
        if (features.width() != weights.features()) {
            throw new IllegalArgumentException(
                    "features: width " + features.width() + " (expected: " + weights.features() + ")");
        }
        if (maxScores < 0) {
            throw new IllegalArgumentException("maxScores: " + maxScores + " (expected: >= 0)");
        }
        int outputs = weights.outputs();
        float[] scores = new float[outputs];
        float[] scratch = weights.scratch();
        if (task instanceof Task.TokenClassification) {
            List<String> answers = new ArrayList<>(features.rows());
            for (int row = 0; row < features.rows(); row++) {
                weights.answer(features.values(), row * weights.features(), scratch, scores);
                answers.add(outputs == 0 ? "" : labels.get(best(scores, outputs)));
            }
            return new Prediction.TokenLabels(List.copyOf(answers));
        }
        weights.answer(features.values(), 0, scratch, scores);
        if (task instanceof Task.Classification) {
            String winner = outputs == 0 ? "" : labels.get(best(scores, outputs));
            if (maxScores > 0 && link == GradientRule.Loss.SOFTMAX && outputs > 0) {
                Losses.softmax(scores, outputs);
            }
            return new Prediction.Label(winner, top(scores, maxScores));
        }
        if (task instanceof Task.MultiLabel) {
            List<String> chosen = new ArrayList<>();
            for (int c = 0; c < outputs; c++) {
                scores[c] = link == null ? scores[c] : Losses.logistic(scores[c]);
                if (scores[c] >= 0.5f) {
                    chosen.add(labels.get(c));
                }
            }
            return new Prediction.LabelSet(List.copyOf(chosen), top(scores, maxScores));
        }
        Features.Scale scale = task instanceof Task.Forecast ? features.scale() : null;
        if (scale != null) {
            for (int i = 0; i < outputs; i++) {
                int channel = i % scale.shift().length;
                scores[i] = scores[i] * scale.factor()[channel] + scale.shift()[channel];
            }
        }
        return new Prediction.Values(scores);
    }

    /** Index of the highest score, the first of equal ones. */
    static int best(float[] scores, int count) {
        int best = 0;
        for (int c = 1; c < count; c++) {
            if (scores[c] > scores[best]) {
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
