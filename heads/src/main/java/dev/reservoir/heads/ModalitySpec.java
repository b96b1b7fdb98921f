package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.check;
import static dev.reservoir.heads.Refused.checkRange;

/** What a head reads and how that is cut into tokens. Every value is checked here; none is a default. */
public sealed interface ModalitySpec {

    /** Most tokens of one observation. */
    int maxTokens();

    /** Text, cut by the substrate's tokeniser to {@code maxTokens}, the special tokens [CLS] and [SEP] included. */
    record Text(int maxTokens) implements ModalitySpec {
        public Text {
            checkRange("modality.text.max_tokens", maxTokens, 4, 8_192);
        }
    }

    /** Pictures in square patches of {@code patch} pixels, row by row. */
    record Image(int width, int height, int channels, int patch) implements ModalitySpec {
        public Image {
            checkRange("modality.image.width", width, 1, 1_024);
            checkRange("modality.image.height", height, 1, 1_024);
            check(channels == 1 || channels == 3, "modality.image.channels", channels, "1 or 3");
            checkRange("modality.image.patch", patch, 1, 64);
            check(width % patch == 0, "modality.image.width", width, "a multiple of patch " + patch);
            check(height % patch == 0, "modality.image.height", height, "a multiple of patch " + patch);
        }

        @Override
        public int maxTokens() {
            return (width / patch) * (height / patch);
        }
    }

    /** Sound as log-mel frames, one each 10 ms, of 25 ms; {@code framesPerToken} a token. */
    record Audio(int sampleRate, int durationMillis, int melBands, int framesPerToken) implements ModalitySpec {
        public Audio {
            checkRange("modality.audio.sample_rate", sampleRate, 8_000, 48_000);
            checkRange("modality.audio.duration_millis", durationMillis, 100, 30_000);
            checkRange("modality.audio.mel_bands", melBands, 8, 128);
            checkRange("modality.audio.frames_per_token", framesPerToken, 1, 16);
        }

        /** Frames of one sound: one each 10 ms, the last ones padded with silence. */
        public int frames() {
            return durationMillis / 10;
        }

        @Override
        public int maxTokens() {
            return (frames() + framesPerToken - 1) / framesPerToken;
        }
    }

    /** Windows of {@code window} rows of {@code channels} numbers; {@code patch} rows a token. */
    record Series(int channels, int window, int patch, boolean normalizePerWindow) implements ModalitySpec {
        public Series {
            checkRange("modality.series.channels", channels, 1, 256);
            checkRange("modality.series.window", window, 1, 8_192);
            checkRange("modality.series.patch", patch, 1, window);
            check(window % patch == 0, "modality.series.window", window, "a multiple of patch " + patch);
        }

        @Override
        public int maxTokens() {
            return window / patch;
        }
    }

    /** Sequences of up to {@code maxLength} symbols in {@code [0, vocabulary)}; {@code group} symbols a token. */
    record Tokens(int vocabulary, int maxLength, int group) implements ModalitySpec {
        public Tokens {
            checkRange("modality.tokens.vocabulary", vocabulary, 2, 65_536);
            checkRange("modality.tokens.max_length", maxLength, 1, 16_384);
            checkRange("modality.tokens.group", group, 1, 256);
        }

        @Override
        public int maxTokens() {
            return (maxLength + group - 1) / group;
        }
    }

    /** Up to {@code maxRows} rows of {@code width} numbers; a row a token. */
    record Tensor(int width, int maxRows) implements ModalitySpec {
        public Tensor {
            checkRange("modality.tensor.width", width, 1, 65_536);
            checkRange("modality.tensor.max_rows", maxRows, 1, 8_192);
        }

        @Override
        public int maxTokens() {
            return maxRows;
        }
    }
}
