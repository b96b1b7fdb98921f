// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.missing;
import static dev.reservoir.heads.codec.Fields.or;

import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Forecast;
import dev.reservoir.v1.MultiLabel;
import dev.reservoir.v1.Regression;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TokenClassification;
import dev.reservoir.v1.TokenMultiLabel;

/** The task of a head, to and from the wire. */
public final class TaskCodec {
    private static final int MAX_LABELS = 64;

    private TaskCodec() {}

    /**
     * The task with its defaults filled in.
     *
     * @param modality what the head reads: a forecast has its channels
     * @throws Refused INVALID_FIELD
     */
    public static dev.reservoir.heads.Task decode(Task task, ModalitySpec modality) {
        switch (task.getKindCase()) {
            case CLASSIFICATION:
                Classification one = task.getClassification();
                return new dev.reservoir.heads.Task.Classification(
                        one.getLabelsList(), maxLabels(one.getMaxLabels(), one.getLabelsCount()));
            case MULTI_LABEL:
                MultiLabel several = task.getMultiLabel();
                return new dev.reservoir.heads.Task.MultiLabel(
                        several.getLabelsList(), maxLabels(several.getMaxLabels(), several.getLabelsCount()));
            case REGRESSION:
                return new dev.reservoir.heads.Task.Regression(
                        or(task.getRegression().getDimensions(), 1));
            case TOKEN_CLASSIFICATION:
                TokenClassification each = task.getTokenClassification();
                return new dev.reservoir.heads.Task.TokenClassification(
                        each.getLabelsList(), maxLabels(each.getMaxLabels(), each.getLabelsCount()));
            case TOKEN_MULTI_LABEL:
                TokenMultiLabel sets = task.getTokenMultiLabel();
                return new dev.reservoir.heads.Task.TokenMultiLabel(
                        sets.getLabelsList(), maxLabels(sets.getMaxLabels(), sets.getLabelsCount()));
            case FORECAST:
                int channels = modality instanceof ModalitySpec.Series series ? series.channels() : 1;
                return new dev.reservoir.heads.Task.Forecast(
                        or(task.getForecast().getHorizon(), 1), channels);
            case KIND_NOT_SET:
        }
        throw missing(
                "task", "classification, multi_label, regression, token_classification, token_multi_label or forecast");
    }

    private static int maxLabels(int requested, int labels) {
        return or(requested, Math.max(MAX_LABELS, labels));
    }

    public static Task encode(dev.reservoir.heads.Task spec) {
        Task.Builder task = Task.newBuilder();
        if (spec instanceof dev.reservoir.heads.Task.Classification one) {
            task.setClassification(
                    Classification.newBuilder().addAllLabels(one.labels()).setMaxLabels(one.maxLabels()));
        } else if (spec instanceof dev.reservoir.heads.Task.MultiLabel several) {
            task.setMultiLabel(
                    MultiLabel.newBuilder().addAllLabels(several.labels()).setMaxLabels(several.maxLabels()));
        } else if (spec instanceof dev.reservoir.heads.Task.TokenClassification each) {
            task.setTokenClassification(
                    TokenClassification.newBuilder().addAllLabels(each.labels()).setMaxLabels(each.maxLabels()));
        } else if (spec instanceof dev.reservoir.heads.Task.TokenMultiLabel sets) {
            task.setTokenMultiLabel(
                    TokenMultiLabel.newBuilder().addAllLabels(sets.labels()).setMaxLabels(sets.maxLabels()));
        } else if (spec instanceof dev.reservoir.heads.Task.Regression values) {
            task.setRegression(Regression.newBuilder().setDimensions(values.dimensions()));
        } else if (spec instanceof dev.reservoir.heads.Task.Forecast ahead) {
            task.setForecast(Forecast.newBuilder().setHorizon(ahead.horizon()));
        }
        return task.build();
    }
}
