package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/** Counts what was asked and what was right: labels, or bits a token. Thread-safe. */
final class Score {
    private long asked;
    private long right;
    private long hardAsked;
    private long hardRight;

    /** Counts one answer; what it does not answer is wrong. */
    synchronized void add(EvalTask.Item item, HeadPrediction answer) {
        if (item.example().getTarget().hasLabel()) {
            count(item.example().getTarget().getLabel().equals(answer.getLabel().getLabel()), false);
            return;
        }
        if (item.example().getTarget().hasTokenLabelSets()) {
            addSets(item, answer);
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

    private void addSets(EvalTask.Item item, HeadPrediction answer) {
        TokenLabelSets truth = item.example().getTarget().getTokenLabelSets();
        int width = truth.getLabelsCount();
        BitSet answered = answer.hasLabels() ? new BitSet() : bits(truth, answer.getTokenLabelSets());
        Set<String> set = Set.copyOf(answer.getLabels().getLabelsList());
        for (int token = 0; token < truth.getTokensCount(); token++) {
            if (truth.getTokens(token).getUnknown()) {
                continue;
            }
            Set<Integer> holds = Set.copyOf(truth.getTokens(token).getIndicesList());
            boolean silent =
                    !answer.hasLabels() && token >= answer.getTokenLabelSets().getTokensCount();
            for (int bit = 0; bit < width; bit++) {
                int place = token * width + bit;
                boolean said = answer.hasLabels() ? set.contains(Targets.bit(place)) : answered.get(place);
                count(!silent && said == holds.contains(bit), item.hard().get(place));
            }
        }
    }

    /** Places of the bits that an answer has, whatever the order of its labels. */
    private static BitSet bits(TokenLabelSets truth, TokenLabelSetsPrediction answer) {
        int width = truth.getLabelsCount();
        int[] places = answer.getLabelsList().stream()
                .mapToInt(truth.getLabelsList()::indexOf)
                .toArray();
        BitSet bits = new BitSet();
        for (int token = 0; token < answer.getTokensCount(); token++) {
            for (int index : answer.getTokens(token).getIndicesList()) {
                if (places[index] >= 0) {
                    bits.set(token * width + places[index]);
                }
            }
        }
        return bits;
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
