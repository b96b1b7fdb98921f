// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.AudioModality;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.TokensModality;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;

/** What the comments of the wire contract require of a specification and its examples, checked literally. */
final class ContractLimits {

    private static final int POSITIONS = 512;

    private ContractLimits() {}

    static void check(Head spec) {
        switch (spec.getModality().getKindCase()) {
            case TEXT ->
                assertThat(spec.getModality().getText().getMaxTokens())
                        .matches(n -> n == 0 || (n >= 4 && n <= POSITIONS));
            case IMAGE -> {
                ImageModality image = spec.getModality().getImage();
                assertThat(image.getWidth() % image.getPatch()).isZero();
                assertThat(image.getHeight() % image.getPatch()).isZero();
                assertThat(image.getWidth() * image.getHeight() / (image.getPatch() * image.getPatch()))
                        .isBetween(1, POSITIONS);
                assertThat(image.getChannels()).isIn(1, 3);
            }
            case AUDIO -> {
                AudioModality audio = spec.getModality().getAudio();
                assertThat(audio.getSampleRate()).isBetween(8_000, 48_000);
                assertThat(audio.getDurationMillis()).isBetween(100, 30_000);
            }
            case SERIES -> {
                SeriesModality series = spec.getModality().getSeries();
                assertThat(series.getChannels()).isBetween(1, 256);
                assertThat(series.getWindow()).isBetween(1, 8_192);
                assertThat(series.getWindow() % series.getPatch()).isZero();
                assertThat(series.getWindow() / series.getPatch()).isLessThanOrEqualTo(POSITIONS);
                assertThat(spec.getTask().getForecast().getHorizon()).isBetween(1, 1_024);
            }
            case TOKENS -> {
                TokensModality tokens = spec.getModality().getTokens();
                assertThat(tokens.getVocabulary()).isBetween(2, 65_536);
                assertThat(tokens.getMaxLength()).isBetween(1, 16_384);
                assertThat(tokens.getGroup()).isBetween(1, 256);
                assertThat((tokens.getMaxLength() + tokens.getGroup() - 1) / tokens.getGroup())
                        .isLessThanOrEqualTo(POSITIONS);
            }
            default -> throw new AssertionError(spec.getModality());
        }
        if (spec.getTask().hasClassification()) {
            int most = spec.getTask().getClassification().getMaxLabels();
            assertThat(spec.getTask().getClassification().getLabelsList()).doesNotHaveDuplicates();
            assertThat(most == 0 ? 64 : most).isBetween(2, 4_096);
        }
    }

    static void check(Head spec, Example example) throws IOException {
        assertThat(example.getSequence()).isZero();
        assertThat(example.hasObservation()).isTrue();
        Observation observation = example.getObservation();
        assertThat(observation.getInputCase().name())
                .isEqualTo(spec.getModality().getKindCase().name());
        switch (observation.getInputCase()) {
            case TEXT -> {
                assertThat(observation.getText()).isNotBlank();
                assertThat(observation.getTextBytes().size()).isBetween(1, 65_536);
                assertThat(observation.getTextBytes().isValidUtf8()).isTrue();
            }
            case IMAGE ->
                assertThat(pixels(observation.getImage()))
                        .hasSize(spec.getModality().getImage().getWidth()
                                * spec.getModality().getImage().getHeight()
                                * spec.getModality().getImage().getChannels());
            case AUDIO -> {
                assertThat(observation.getAudio().hasPcm16()).isTrue();
                assertThat(observation.getAudio().getPcm16().size() % 2).isZero();
                assertThat(observation.getAudio().getPcm16().size()).isBetween(2, 4 << 20);
            }
            case SERIES -> {
                Matrix series = observation.getSeries();
                assertThat(series.getColumns())
                        .isEqualTo(spec.getModality().getSeries().getChannels());
                assertThat(series.getValuesCount())
                        .isEqualTo(spec.getModality().getSeries().getWindow() * series.getColumns());
                checkNumbers(series.getValuesList());
            }
            case TOKENS -> {
                TokensModality tokens = spec.getModality().getTokens();
                List<Integer> symbols = observation.getTokens().getSymbolsList();
                assertThat(symbols.size()).isBetween(1, tokens.getMaxLength());
                assertThat(symbols).allMatch(symbol -> symbol >= 0 && symbol < tokens.getVocabulary());
            }
            default -> throw new AssertionError(observation.getInputCase());
        }
        checkTarget(spec, example);
    }

    /** Grey pixels row by row, however they are encoded. */
    static byte[] pixels(Image image) throws IOException {
        if (image.hasRaw()) {
            return image.getRaw().toByteArray();
        }
        BufferedImage decoded =
                ImageIO.read(new ByteArrayInputStream(image.getEncoded().toByteArray()));
        return (byte[]) decoded.getRaster().getDataElements(0, 0, decoded.getWidth(), decoded.getHeight(), null);
    }

    private static void checkTarget(Head spec, Example example) {
        if (spec.getTask().hasClassification()) {
            assertThat(example.getTarget().hasLabel()).isTrue();
            assertThat(example.getTarget().getLabelBytes().size()).isBetween(1, 128);
        } else {
            assertThat(example.getTarget().getValues().getValuesCount())
                    .isEqualTo(spec.getTask().getForecast().getHorizon()
                            * spec.getModality().getSeries().getChannels());
            checkNumbers(example.getTarget().getValues().getValuesList());
        }
    }

    private static void checkNumbers(List<Float> numbers) {
        assertThat(numbers).allMatch(number -> Float.isFinite(number) && Math.abs(number) <= 1e9);
    }
}
