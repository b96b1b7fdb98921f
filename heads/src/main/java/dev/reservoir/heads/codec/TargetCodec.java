// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.missing;

import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.v1.LabelSequence;
import dev.reservoir.v1.LabelSet;
import dev.reservoir.v1.TokenLabelSet;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.Vector;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** Targets, to and from the wire. Whether one fits a head's task is checked by the learner, not here. */
public final class TargetCodec {
    private TargetCodec() {}

    /**
     * @param field path of the target in its request, for the refusal
     * @throws Refused INVALID_FIELD if there is none
     */
    public static Target decode(String field, dev.reservoir.v1.Target target) {
        switch (target.getTruthCase()) {
            case LABEL:
                return new Target.Label(target.getLabel());
            case LABELS:
                return new Target.LabelSet(Set.copyOf(target.getLabels().getLabelsList()));
            case VALUES:
                return new Target.Values(
                        ObservationCodec.floats(target.getValues().getValuesList()));
            case TOKEN_LABELS:
                return new Target.TokenLabels(target.getTokenLabels().getLabelsList());
            case TOKEN_LABEL_SETS:
                return sets(target.getTokenLabelSets());
            case TRUTH_NOT_SET:
        }
        throw missing(field, "label, labels, values, token_labels or token_label_sets");
    }

    private static Target sets(TokenLabelSets sets) {
        return new Target.TokenLabelSets(
                sets.getLabelsList(),
                sets.getTokensList().stream()
                        .map(token -> new Target.TokenSet(
                                token.getUnknown(),
                                token.getIndicesList().stream()
                                        .mapToInt(Integer::intValue)
                                        .toArray()))
                        .toList());
    }

    public static dev.reservoir.v1.Target encode(Target target) {
        dev.reservoir.v1.Target.Builder message = dev.reservoir.v1.Target.newBuilder();
        if (target instanceof Target.Label label) {
            message.setLabel(label.label());
        } else if (target instanceof Target.LabelSet set) {
            message.setLabels(LabelSet.newBuilder().addAllLabels(new TreeSet<>(set.labels())));
        } else if (target instanceof Target.Values values) {
            message.setValues(vector(values.values()));
        } else if (target instanceof Target.TokenLabels labels) {
            message.setTokenLabels(LabelSequence.newBuilder().addAllLabels(labels.labels()));
        } else if (target instanceof Target.TokenLabelSets sets) {
            TokenLabelSets.Builder all = TokenLabelSets.newBuilder().addAllLabels(sets.labels());
            for (Target.TokenSet token : sets.tokens()) {
                TokenLabelSet.Builder set = all.addTokensBuilder().setUnknown(token.unknown());
                Arrays.stream(token.indices()).forEach(set::addIndices);
            }
            message.setTokenLabelSets(all);
        }
        return message.build();
    }

    static Vector vector(float[] values) {
        Vector.Builder vector = Vector.newBuilder();
        for (float value : values) {
            vector.addValues(value);
        }
        return vector.build();
    }
}
