package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.HeadPrediction;
import java.util.List;
import java.util.Set;

/** Counts what was asked and what was right: labels, or bits a token. Thread-safe. */
final class Score {
    private long asked;
    private long right;
    private long hardAsked;
    private long hardRight;

    /** Counts one answer; what it does not answer is wrong. */
    synchronized void add(Item item, HeadPrediction answer) {
        if (item.example().getTarget().hasLabel()) {
            count(item.example().getTarget().getLabel().equals(answer.getLabel().getLabel()), false);
            return;
        }
        List<String> truth = item.example().getTarget().getTokenLabels().getLabelsList();
        List<String> labels = answer.getTokenLabels().getLabelsList();
        Set<String> set = Set.copyOf(answer.getLabels().getLabelsList());
        for (int token = 0; token < truth.size(); token++) {
            if (truth.get(token).isEmpty()) {
                continue;
            }
            String answered = "";
            if (answer.hasLabels()) {
                answered = set.contains(Targets.bit(token)) ? Targets.ONE : Targets.ZERO;
            } else if (token < labels.size()) {
                answered = labels.get(token);
            }
            count(truth.get(token).equals(answered), item.hard().get(token));
        }
    }

    private void count(boolean isRight, boolean isHard) {
        asked++;
        right += isRight ? 1 : 0;
        hardAsked += isHard ? 1 : 0;
        hardRight += isHard && isRight ? 1 : 0;
    }

    /** Share that was right of all that was asked; 0 before anything was. */
    synchronized double all() {
        return asked == 0 ? 0 : (double) right / asked;
    }

    /** Share that was right of what is hard; 0 where nothing is. */
    synchronized double hard() {
        return hardAsked == 0 ? 0 : (double) hardRight / hardAsked;
    }

    synchronized long asked() {
        return asked;
    }
}
