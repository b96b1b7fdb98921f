package dev.reservoir.heads.modality;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Task;
import org.jspecify.annotations.Nullable;

/** What a specification that leaves something open means: the choices that measured best for each modality. */
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

    /** The encoder of a head that asks for none. */
    public static EncoderSpec encoder(ModalitySpec modality, Task task) {
        return encoder(modality, task, null, 0, null);
    }

    /**
     * The encoder of a head that asks for some of it. A task per token reads each token's own hidden state, whatever is asked.
     *
     * @param pooling null for the default
     * @param featureWidth 0 for the default
     * @param inputSkip null for the default
     */
    public static EncoderSpec encoder(
            ModalitySpec modality,
            Task task,
            @Nullable Pooling pooling,
            int featureWidth,
            @Nullable Boolean inputSkip) {
        Pooling chosen =
                task instanceof Task.PerToken ? Pooling.PER_TOKEN : pooling != null ? pooling : pooling(modality);
        return new EncoderSpec(
                chosen,
                featureWidth == 0 ? featureWidth(modality, chosen) : featureWidth,
                inputSkip != null ? inputSkip : inputSkip(modality));
    }

    /** As {@link #encoder(ModalitySpec, Task, Pooling, int, Boolean)} for an FPT head: all tokens in a row where their number is fixed. */
    public static EncoderSpec throughSubstrate(
            ModalitySpec modality,
            Task task,
            @Nullable Pooling pooling,
            int featureWidth,
            @Nullable Boolean inputSkip) {
        boolean fixed = modality instanceof ModalitySpec.Image
                || modality instanceof ModalitySpec.Audio
                || modality instanceof ModalitySpec.Series;
        Pooling chosen = pooling != null ? pooling : fixed ? Pooling.CONCATENATE : Pooling.MEAN;
        return encoder(modality, task, chosen, featureWidth, inputSkip != null ? inputSkip : false);
    }

    /**
     * The ridge of recursive least squares on features of about 1 in each number, as encoders give them. The raw input alone has its own: a
     * control with a ridge chosen for other features would look worse than it is.
     */
    public static double ridge(ModalitySpec modality, Task task, EncoderSpec encoder) {
        boolean inputOnly = encoder.pooling() == Pooling.INPUT_ONLY;
        if (modality instanceof ModalitySpec.Text) {
            return inputOnly ? 1_000 : 100;
        }
        if (modality instanceof ModalitySpec.Series && inputOnly) {
            return 0.1;
        }
        if (modality instanceof ModalitySpec.Tensor || (!inputOnly && encoder.pooling() != Pooling.FLATTEN)) {
            return 10;
        }
        if (modality instanceof ModalitySpec.Audio) {
            return 1_000;
        }
        if (modality instanceof ModalitySpec.Tokens) {
            boolean bits = ((ModalitySpec.Tokens) modality).vocabulary() == 2;
            return bits ? 1 : inputOnly ? 1_000 : 3_000;
        }
        return modality instanceof ModalitySpec.Series && !(task instanceof Task.Forecast) ? 100 : 300;
    }

    /** Bags of words are hashed to this width, so wider is better; the hidden states of text need none. */
    private static int featureWidth(ModalitySpec modality, Pooling pooling) {
        return modality instanceof ModalitySpec.Text && pooling == Pooling.INPUT_ONLY ? BAG_WIDTH : FEATURE_WIDTH;
    }

    private static Pooling pooling(ModalitySpec modality) {
        return modality instanceof ModalitySpec.Text || modality instanceof ModalitySpec.Tensor
                ? Pooling.MEAN
                : Pooling.FLATTEN;
    }

    private static boolean inputSkip(ModalitySpec modality) {
        return !(modality instanceof ModalitySpec.Text);
    }
}
