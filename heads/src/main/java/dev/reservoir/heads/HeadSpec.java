// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.check;

/** Everything that defines a head; with the ordered examples it defines what the head has learned, bit for bit. */
public record HeadSpec(
        HeadName name, ModalitySpec modality, Task task, EncoderSpec encoder, LearningSpec learning, long seed) {
    public HeadSpec {
        boolean perToken = task instanceof Task.PerToken;
        check(
                perToken == (encoder.pooling() == EncoderSpec.Pooling.PER_TOKEN),
                "encoder.pooling",
                encoder.pooling(),
                perToken ? "none: a task per token reads each token" : "a pooling, for this task is not per token");
        if (perToken) {
            modality.checkTokenPerItem(
                    task instanceof Task.TokenMultiLabel ? Task.TOKEN_MULTI_LABEL : "task.token_classification");
        }
        if (task instanceof Task.TokenMultiLabel sets) {
            check(
                    (long) sets.maxLabels() * modality.maxTokens() <= Task.TOKEN_LABEL_LIMIT,
                    Task.TOKEN_MULTI_LABEL + ".max_labels",
                    sets.maxLabels() + " labels, " + modality.maxTokens() + " tokens",
                    "at most " + Task.TOKEN_LABEL_LIMIT + " labels of all tokens");
        }
        if (learning instanceof LearningSpec.Fpt fpt) {
            check(
                    encoder.pooling() != EncoderSpec.Pooling.FLATTEN
                            && encoder.pooling() != EncoderSpec.Pooling.INPUT_ONLY,
                    "encoder.pooling",
                    encoder.pooling(),
                    "MEAN, LAST, FIRST or CONCATENATE for kind FPT");
            check(
                    (long) fpt.minibatch() * modality.maxTokens() <= LearningSpec.Fpt.STEP_TOKENS,
                    "learning.fpt.minibatch",
                    fpt.minibatch() + " observations of " + modality.maxTokens() + " tokens",
                    "at most " + LearningSpec.Fpt.STEP_TOKENS + " tokens a step");
            check(!encoder.inputSkip(), "encoder.input_skip", "WITH_INPUT", "WITHOUT_INPUT for kind FPT");
            check(
                    !(modality.readsTokenIds() && fpt.parts().contains(LearningSpec.Part.INPUT)),
                    "learning.fpt.parts",
                    "INPUT",
                    "POSITIONS and NORMS for modality text, whose word embeddings are frozen");
        }
        if (task instanceof Task.Forecast forecast) {
            check(
                    modality instanceof ModalitySpec.Series,
                    "task.forecast",
                    "modality " + modality.kind(),
                    "modality series");
            int channels = ((ModalitySpec.Series) modality).channels();
            check(
                    forecast.channels() == channels,
                    "task.forecast",
                    forecast.channels() + " channels",
                    channels + ", as the modality has");
        }
    }

    /** The same with another task. */
    public HeadSpec withTask(Task newTask) {
        return new HeadSpec(name, modality, newTask, encoder, learning, seed);
    }

    /** The same with another learning rule. */
    public HeadSpec withLearning(LearningSpec newLearning) {
        return new HeadSpec(name, modality, task, encoder, newLearning, seed);
    }
}
