// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.missing;
import static dev.reservoir.heads.codec.Fields.or;
import static dev.reservoir.heads.codec.Fields.unknown;

import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.modality.EncoderDefaults;
import dev.reservoir.v1.AudioModality;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.SeriesModality.Normalization;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.TokensModality;

/** What a head reads, to and from the wire. */
public final class ModalityCodec {
    private ModalityCodec() {}

    /**
     * The modality with its defaults filled in.
     *
     * @throws Refused INVALID_FIELD
     */
    public static ModalitySpec decode(Modality modality) {
        switch (modality.getKindCase()) {
            case TEXT:
                return new ModalitySpec.Text(or(modality.getText().getMaxTokens(), EncoderDefaults.TEXT_MAX_TOKENS));
            case IMAGE:
                ImageModality image = modality.getImage();
                return new ModalitySpec.Image(
                        image.getWidth(),
                        image.getHeight(),
                        or(image.getChannels(), EncoderDefaults.IMAGE_CHANNELS),
                        or(image.getPatch(), EncoderDefaults.IMAGE_PATCH));
            case AUDIO:
                AudioModality audio = modality.getAudio();
                return new ModalitySpec.Audio(
                        or(audio.getSampleRate(), EncoderDefaults.AUDIO_SAMPLE_RATE),
                        or(audio.getDurationMillis(), EncoderDefaults.AUDIO_DURATION_MILLIS),
                        or(audio.getMelBands(), EncoderDefaults.AUDIO_MEL_BANDS),
                        or(audio.getFramesPerToken(), EncoderDefaults.AUDIO_FRAMES_PER_TOKEN));
            case SERIES:
                SeriesModality series = modality.getSeries();
                return new ModalitySpec.Series(
                        series.getChannels(),
                        series.getWindow(),
                        or(series.getPatch(), EncoderDefaults.SERIES_PATCH),
                        perWindow(series));
            case TOKENS:
                TokensModality tokens = modality.getTokens();
                return new ModalitySpec.Tokens(
                        tokens.getVocabulary(),
                        tokens.getMaxLength(),
                        or(tokens.getGroup(), EncoderDefaults.TOKENS_GROUP));
            case TENSOR:
                TensorModality tensor = modality.getTensor();
                return new ModalitySpec.Tensor(
                        tensor.getWidth(), or(tensor.getMaxRows(), EncoderDefaults.TENSOR_MAX_ROWS));
            case KIND_NOT_SET:
        }
        throw missing("modality", "text, image, audio, series, tokens or tensor");
    }

    private static boolean perWindow(SeriesModality series) {
        switch (series.getNormalization()) {
            case NORMALIZATION_UNSPECIFIED:
                return EncoderDefaults.SERIES_NORMALIZE_PER_WINDOW;
            case PER_WINDOW:
                return true;
            case NONE:
                return false;
            case UNRECOGNIZED:
        }
        throw unknown("modality.series.normalization", series.getNormalizationValue(), "NONE or PER_WINDOW");
    }

    public static Modality encode(ModalitySpec spec) {
        return spec.accept(new Encoder());
    }

    private static final class Encoder implements ModalitySpec.Visitor<Modality> {
        private final Modality.Builder modality = Modality.newBuilder();

        @Override
        public Modality text(ModalitySpec.Text text) {
            return modality.setText(TextModality.newBuilder().setMaxTokens(text.maxTokens()))
                    .build();
        }

        @Override
        public Modality image(ModalitySpec.Image image) {
            return modality.setImage(ImageModality.newBuilder()
                            .setWidth(image.width())
                            .setHeight(image.height())
                            .setChannels(image.channels())
                            .setPatch(image.patch()))
                    .build();
        }

        @Override
        public Modality audio(ModalitySpec.Audio audio) {
            return modality.setAudio(AudioModality.newBuilder()
                            .setSampleRate(audio.sampleRate())
                            .setDurationMillis(audio.durationMillis())
                            .setMelBands(audio.melBands())
                            .setFramesPerToken(audio.framesPerToken()))
                    .build();
        }

        @Override
        public Modality series(ModalitySpec.Series series) {
            return modality.setSeries(SeriesModality.newBuilder()
                            .setChannels(series.channels())
                            .setWindow(series.window())
                            .setPatch(series.patch())
                            .setNormalization(
                                    series.normalizePerWindow() ? Normalization.PER_WINDOW : Normalization.NONE))
                    .build();
        }

        @Override
        public Modality tokens(ModalitySpec.Tokens tokens) {
            return modality.setTokens(TokensModality.newBuilder()
                            .setVocabulary(tokens.vocabulary())
                            .setMaxLength(tokens.maxLength())
                            .setGroup(tokens.group()))
                    .build();
        }

        @Override
        public Modality tensor(ModalitySpec.Tensor tensor) {
            return modality.setTensor(
                            TensorModality.newBuilder().setWidth(tensor.width()).setMaxRows(tensor.maxRows()))
                    .build();
        }
    }
}
