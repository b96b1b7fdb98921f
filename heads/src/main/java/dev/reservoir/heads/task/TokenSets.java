// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.task;

import static dev.reservoir.heads.task.Targets.wrong;

import dev.reservoir.heads.Target;
import dev.reservoir.heads.Target.TokenSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks the sets of labels of one example's tokens. Not thread-safe. */
final class TokenSets {
    private static final int NOT_YET = -1;

    private final Target.TokenLabelSets target;
    private final LabelSpace space;
    /** Output of each of the target's labels. */
    private final int[] outputs;
    /** The last token that has each of the target's labels. */
    private final int[] seen;

    TokenSets(Target.TokenLabelSets target, LabelSpace space) {
        this.target = target;
        this.space = space;
        this.outputs = new int[target.labels().size()];
        this.seen = new int[outputs.length];
        Arrays.fill(outputs, NOT_YET);
        Arrays.fill(seen, NOT_YET);
    }

    /**
     * A truth for each token that has one. New labels are added with the first token that has them, those of one token
     * in alphabetical order.
     *
     * @throws dev.reservoir.heads.Refused WRONG_TARGET or LABEL_LIMIT
     */
    List<Truth> truths(int tokens) {
        List<TokenSet> sets = target.tokens();
        if (sets.size() != tokens) {
            throw wrong(sets.size() + " sets of labels", tokens + ", one per token");
        }
        checkLabels();
        int last = tokens - 1;
        while (last >= 0 && sets.get(last).unknown()) {
            last--;
        }
        List<Truth> truths = new ArrayList<>();
        int known = space.size();
        for (int t = 0; t < tokens; t++) {
            TokenSet set = sets.get(t);
            check(t, set);
            if (!set.unknown()) {
                int[] positives = positives(set.indices());
                truths.add(new Truth(t, t == last, known, space.size(), positives, null, null));
                known = space.size();
            }
        }
        return truths;
    }

    private void checkLabels() {
        if (outputs.length > space.limit()) {
            throw wrong(outputs.length + " labels", "at most max_labels " + space.limit());
        }
        Set<String> once = new HashSet<>();
        for (String label : target.labels()) {
            if (!once.add(label)) {
                throw wrong("label \"" + label + "\" twice", "each label once");
            }
        }
    }

    private void check(int token, TokenSet set) {
        if (set.unknown() && set.indices().length > 0) {
            throw wrong(
                    "token " + token + " unknown with " + set.indices().length + " labels",
                    "none where the truth is unknown");
        }
        for (int index : set.indices()) {
            if (index < 0 || index >= outputs.length) {
                throw wrong(
                        "token " + token + ": label index " + Integer.toUnsignedString(index),
                        "less than the " + outputs.length + " labels named");
            }
            if (seen[index] == token) {
                throw wrong("token " + token + ": label index " + index + " twice", "each label once per token");
            }
            seen[index] = token;
        }
    }

    private int[] positives(int[] indices) {
        List<String> unknown = new ArrayList<>();
        for (int index : indices) {
            if (outputs[index] == NOT_YET) {
                unknown.add(target.labels().get(index));
            }
        }
        unknown.sort(null);
        unknown.forEach(space::index);
        int[] positives = new int[indices.length];
        for (int i = 0; i < positives.length; i++) {
            int index = indices[i];
            if (outputs[index] == NOT_YET) {
                outputs[index] = space.index(target.labels().get(index));
            }
            positives[i] = outputs[index];
        }
        return positives;
    }
}
