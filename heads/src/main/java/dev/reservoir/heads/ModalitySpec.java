// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.check;
import static dev.reservoir.heads.Refused.checkRange;

/**
 * What a head reads and how it is split into tokens. Every value is checked here except the number of tokens, which the
 * substrate bounds: see {@link #checkPositions}. Defaults are not applied here.
 */
public sealed interface ModalitySpec {

    /** Its name in the contract. */
    String kind();

    /** Largest number of tokens in one observation. */
    int maxTokens();

    /** The field of the contract that determines how many tokens an observation has. */
    String tokensField();

    /**
     * Whether the substrate reads ids of its own vocabulary, through its word embeddings, rather than rows of values.
     */
    default boolean readsTokenIds() {
        return false;
    }

    /** Whether each observation has {@link #maxTokens}, no more and no fewer. */
    default boolean hasFixedLength() {
        return false;
    }

    <R> R accept(Visitor<R> visitor);

    /**
     * Refuses a modality of more tokens than a substrate has positions.
     *
     * @throws Refused INVALID_FIELD
     */
    default void checkPositions(int positions) {
        check(
                maxTokens() <= positions,
                tokensField(),
                maxTokens() + " tokens",
                "at most " + positions + " tokens, the substrate's positions");
    }

    /**
     * Refuses a modality in which a token is not one item of the observation, a symbol or a row: a task per token
     * answers for each item.
     *
     * @param taskField the field of the contract that contains such a task
     * @throws Refused INVALID_FIELD
     */
    default void checkTokenPerItem(String taskField) {
        check(false, taskField, "modality " + kind(), "modality tokens with group 1, or tensor");
    }

    /** A case for each modality. */
    interface Visitor<R> {
        R text(Text text);

        R image(Image image);

        R audio(Audio audio);

        R series(Series series);

        R tokens(Tokens tokens);

        R tensor(Tensor tensor);
    }

    /** Text, cut by the substrate's tokeniser to {@code maxTokens}, the special tokens [CLS] and [SEP] included. */
    record Text(int maxTokens) implements ModalitySpec {
        private static final String FIELD = "modality.text.max_tokens";
        private static final int MIN_TOKENS = 4;

        public Text {
            check(maxTokens >= MIN_TOKENS, FIELD, maxTokens, MIN_TOKENS + " to the substrate's positions");
        }

        @Override
        public String kind() {
            return "text";
        }

        @Override
        public String tokensField() {
            return FIELD;
        }

        @Override
        public boolean readsTokenIds() {
            return true;
        }

        @Override
        public void checkPositions(int positions) {
            check(maxTokens <= positions, FIELD, maxTokens, MIN_TOKENS + " to the substrate's positions, " + positions);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.text(this);
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
        public String kind() {
            return "image";
        }

        @Override
        public int maxTokens() {
            return (width / patch) * (height / patch);
        }

        @Override
        public String tokensField() {
            return "modality.image.patch";
        }

        @Override
        public boolean hasFixedLength() {
            return true;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.image(this);
        }
    }

    /** Sound as log-mel frames, one every 10 ms, of 25 ms; {@code framesPerToken} per token. */
    record Audio(int sampleRate, int durationMillis, int melBands, int framesPerToken) implements ModalitySpec {
        private static final String FIELD = "modality.audio.duration_millis";

        public Audio {
            checkRange("modality.audio.sample_rate", sampleRate, 8_000, 48_000);
            check(
                    durationMillis >= 100 && durationMillis <= 30_000,
                    FIELD,
                    durationMillis,
                    "100 to 30000, and at most as many tokens as the substrate has positions");
            checkRange("modality.audio.mel_bands", melBands, 8, 128);
            checkRange("modality.audio.frames_per_token", framesPerToken, 1, 16);
        }

        /** Frames of one sound: one every 10 ms, the last ones padded with silence. */
        public int frames() {
            return durationMillis / 10;
        }

        @Override
        public String kind() {
            return "audio";
        }

        @Override
        public int maxTokens() {
            return (frames() + framesPerToken - 1) / framesPerToken;
        }

        @Override
        public String tokensField() {
            return FIELD;
        }

        @Override
        public boolean hasFixedLength() {
            return true;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.audio(this);
        }
    }

    /** Windows of {@code window} rows of {@code channels} values; {@code patch} rows per token. */
    record Series(int channels, int window, int patch, boolean normalizePerWindow) implements ModalitySpec {
        private static final String FIELD = "modality.series.window";

        public Series {
            checkRange("modality.series.channels", channels, 1, 256);
            check(
                    window >= 1 && window <= 8_192,
                    FIELD,
                    window,
                    "1 to 8192, and at most patch x the substrate's positions");
            checkRange("modality.series.patch", patch, 1, window);
            check(window % patch == 0, FIELD, window, "a multiple of patch " + patch);
        }

        @Override
        public String kind() {
            return "series";
        }

        @Override
        public int maxTokens() {
            return window / patch;
        }

        @Override
        public String tokensField() {
            return FIELD;
        }

        @Override
        public boolean hasFixedLength() {
            return true;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.series(this);
        }
    }

    /** Sequences of up to {@code maxLength} symbols in {@code [0, vocabulary)}; {@code group} symbols per token. */
    record Tokens(int vocabulary, int maxLength, int group) implements ModalitySpec {
        private static final String FIELD = "modality.tokens.max_length";

        public Tokens {
            checkRange("modality.tokens.vocabulary", vocabulary, 2, 65_536);
            check(
                    maxLength >= 1 && maxLength <= 16_384,
                    FIELD,
                    maxLength,
                    "1 to 16384, and at most group x the substrate's positions");
            checkRange("modality.tokens.group", group, 1, 256);
        }

        @Override
        public String kind() {
            return "tokens";
        }

        @Override
        public int maxTokens() {
            return (maxLength + group - 1) / group;
        }

        @Override
        public String tokensField() {
            return FIELD;
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.tokens(this);
        }

        @Override
        public void checkTokenPerItem(String taskField) {
            check(group == 1, "modality.tokens.group", group, "1 for a task per token");
        }
    }

    /** Up to {@code maxRows} rows of {@code width} values; one row per token. */
    record Tensor(int width, int maxRows) implements ModalitySpec {
        private static final String FIELD = "modality.tensor.max_rows";

        public Tensor {
            checkRange("modality.tensor.width", width, 1, 65_536);
            check(maxRows >= 1, FIELD, maxRows, "1 to the substrate's positions");
        }

        @Override
        public String kind() {
            return "tensor";
        }

        @Override
        public int maxTokens() {
            return maxRows;
        }

        @Override
        public String tokensField() {
            return FIELD;
        }

        @Override
        public void checkPositions(int positions) {
            check(maxRows <= positions, FIELD, maxRows, "1 to the substrate's positions, " + positions);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.tensor(this);
        }

        /** A token is a row. */
        @Override
        public void checkTokenPerItem(String taskField) {}
    }
}
