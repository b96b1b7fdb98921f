// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import org.jspecify.annotations.Nullable;

/** Defaults for what a specification leaves open: the choices that measured best for each modality. */
public final class EncoderDefaults {
    public static final int TEXT_MAX_TOKENS = 128;
    public static final int IMAGE_CHANNELS = 1;
    public static final int IMAGE_PATCH = 4;
    public static final int AUDIO_SAMPLE_RATE = 16_000;
    public static final int AUDIO_DURATION_MILLIS = 1_000;
    public static final int AUDIO_MEL_BANDS = 40;
    public static final int AUDIO_FRAMES_PER_TOKEN = 2;
    public static final int SERIES_PATCH = 1;
    public static final boolean SERIES_NORMALIZE_PER_WINDOW = true;
    public static final int TOKENS_GROUP = 1;
    public static final int TENSOR_MAX_ROWS = 1;

    private static final int FEATURE_WIDTH = 2_048;
    private static final int BAG_WIDTH = 4_096;

    private EncoderDefaults() {}

    /** The encoder of a head whose specification has none. */
    public static EncoderSpec encoder(ModalitySpec modality, Task task) {
        return encoder(modality, task, null, 0, null);
    }

    /**
     * The encoder of a head whose specification sets some fields of it. A task per token reads each token's own hidden
     * state and allows no pooling.
     *
     * @param pooling null for the default
     * @param featureWidth 0 for the default
     * @param inputSkip null for the default
     * @throws Refused INVALID_FIELD if a pooling is requested for a task per token
     */
    public static EncoderSpec encoder(
            ModalitySpec modality,
            Task task,
            @Nullable Pooling pooling,
            int featureWidth,
            @Nullable Boolean inputSkip) {
        boolean perToken = task instanceof Task.PerToken;
        Refused.check(
                !perToken || pooling == null,
                "encoder.pooling",
                String.valueOf(pooling),
                "none for task " + task.kind() + ", which reads each token's own hidden state");
        Pooling chosen = perToken ? Pooling.PER_TOKEN : pooling != null ? pooling : pooling(modality);
        return new EncoderSpec(
                chosen,
                featureWidth == 0 ? featureWidth(modality, chosen) : featureWidth,
                inputSkip != null ? inputSkip : inputSkip(modality));
    }

    /**
     * As {@link #encoder(ModalitySpec, Task, Pooling, int, Boolean)} for an FPT head: all tokens concatenated if their
     * number is fixed.
     */
    public static EncoderSpec throughSubstrate(
            ModalitySpec modality,
            Task task,
            @Nullable Pooling pooling,
            int featureWidth,
            @Nullable Boolean inputSkip) {
        Pooling fallback = modality.hasFixedLength() ? Pooling.CONCATENATE : Pooling.MEAN;
        Pooling chosen = pooling != null || task instanceof Task.PerToken ? pooling : fallback;
        return encoder(modality, task, chosen, featureWidth, inputSkip != null ? inputSkip : false);
    }

    /**
     * The ridge of recursive least squares for features of magnitude about 1, as encoders produce them. The raw input
     * alone has a ridge of its own: a control with a ridge chosen for other features would look worse than it is.
     */
    public static double ridge(ModalitySpec modality, Task task, EncoderSpec encoder) {
        return modality.accept(new Ridge(task, encoder.pooling()));
    }

    /** Bags of words are hashed to this width, so wider is better; the hidden states of text need none. */
    private static int featureWidth(ModalitySpec modality, Pooling pooling) {
        return modality.readsTokenIds() && pooling == Pooling.INPUT_ONLY ? BAG_WIDTH : FEATURE_WIDTH;
    }

    private static Pooling pooling(ModalitySpec modality) {
        return modality.readsTokenIds() || modality instanceof ModalitySpec.Tensor ? Pooling.MEAN : Pooling.FLATTEN;
    }

    private static boolean inputSkip(ModalitySpec modality) {
        return !modality.readsTokenIds();
    }

    /** The values that measured best for each modality, depending on what the features consist of. */
    private record Ridge(Task task, Pooling pooling) implements ModalitySpec.Visitor<Double> {
        private static final double HIDDEN_STATES = 10;

        @Override
        public Double text(ModalitySpec.Text text) {
            return choose(100, 1_000, 100);
        }

        @Override
        public Double image(ModalitySpec.Image image) {
            return choose(300, 300, HIDDEN_STATES);
        }

        @Override
        public Double audio(ModalitySpec.Audio audio) {
            return choose(1_000, 1_000, HIDDEN_STATES);
        }

        @Override
        public Double series(ModalitySpec.Series series) {
            return choose(task instanceof Task.Forecast ? 300 : 100, 0.1, HIDDEN_STATES);
        }

        @Override
        public Double tokens(ModalitySpec.Tokens tokens) {
            return tokens.vocabulary() == 2 ? choose(1, 1, HIDDEN_STATES) : choose(3_000, 1_000, HIDDEN_STATES);
        }

        @Override
        public Double tensor(ModalitySpec.Tensor tensor) {
            return HIDDEN_STATES;
        }

        private double choose(double flattened, double inputOnly, double otherwise) {
            return switch (pooling) {
                case FLATTEN -> flattened;
                case INPUT_ONLY -> inputOnly;
                case MEAN, LAST, FIRST, CONCATENATE, PER_TOKEN -> otherwise;
            };
        }
    }
}
