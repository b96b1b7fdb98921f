// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.WIDTH;
import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static dev.reservoir.heads.modality.Fixtures.encoder;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.SubstrateInfo;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which encoders are shared, and which specifications are refused. */
final class EncodersTest {
    private static final ModalitySpec.Tensor ROWS = new ModalitySpec.Tensor(5, 8);
    private static final ModalitySpec.Tokens BITS = new ModalitySpec.Tokens(2, 12, 4);

    @Test
    void equalSpecificationsHaveEqualKeysAndUnequalOnesDoNot() {
        Encoders encoders = Fixtures.encoders();
        List<ObservationEncoder> distinct = new ArrayList<>();
        for (ModalitySpec modality : Fixtures.modalities()) {
            for (Pooling pooling : Pooling.values()) {
                for (boolean skip : new boolean[] {false, true}) {
                    if (skip && pooling == Pooling.PER_TOKEN && modality instanceof ModalitySpec.Text) {
                        continue;
                    }
                    EncoderSpec spec = new EncoderSpec(pooling, 64, skip);
                    ObservationEncoder encoder = encoders.encoder(modality, spec);
                    assertThat(encoders.encoder(modality, spec).key()).isEqualTo(encoder.key());
                    // Input alone has no hidden states beside which the input could be.
                    if (pooling != Pooling.INPUT_ONLY || skip) {
                        distinct.add(encoder);
                    }
                }
            }
        }
        assertThat(distinct).doesNotHaveDuplicates();
        assertThat(distinct.stream().map(ObservationEncoder::key)).doesNotHaveDuplicates();
        assertThat(encoders.encoder(BITS, new EncoderSpec(Pooling.MEAN, 64, true))
                        .key())
                .isEqualTo(encoders.encoder(BITS, new EncoderSpec(Pooling.MEAN, 128, true))
                        .key());
        assertThat(encoders.encoder(BITS, new EncoderSpec(Pooling.FLATTEN, 64, true))
                        .key())
                .isNotEqualTo(encoders.encoder(BITS, new EncoderSpec(Pooling.FLATTEN, 128, true))
                        .key());
    }

    @Test
    void moreTokensThanPositionsAreRefused() {
        String positions = " tokens (expected: at most 64 tokens, the substrate's positions)";
        EncoderSpec spec = new EncoderSpec(Pooling.MEAN, 64, false);
        assertSpecRefused(
                new ModalitySpec.Text(65),
                spec,
                "modality.text.max_tokens: 65 (expected: 4 to the substrate's positions, 64)");
        assertSpecRefused(new ModalitySpec.Image(36, 32, 1, 4), spec, "modality.image.patch: 72" + positions);
        assertSpecRefused(
                new ModalitySpec.Audio(8_000, 1_290, 8, 2), spec, "modality.audio.duration_millis: 65" + positions);
        assertSpecRefused(new ModalitySpec.Series(1, 65, 1, true), spec, "modality.series.window: 65" + positions);
        assertSpecRefused(new ModalitySpec.Tokens(2, 129, 2), spec, "modality.tokens.max_length: 65" + positions);
        assertSpecRefused(
                new ModalitySpec.Tensor(2, 65),
                spec,
                "modality.tensor.max_rows: 65 (expected: 1 to the substrate's positions, 64)");
        assertThat(encoder(new ModalitySpec.Tensor(2, 64), Pooling.MEAN, 64, false)
                        .featureWidth())
                .isEqualTo(WIDTH);
    }

    @Test
    void bagOfWordsBesideEachTokenOfATextIsRefused() {
        assertSpecRefused(
                new ModalitySpec.Text(8),
                new EncoderSpec(Pooling.PER_TOKEN, 64, true),
                "encoder.input_skip: WITH_INPUT (expected: WITHOUT_INPUT for each token of a text)");
    }

    @Test
    void tooManyFeaturesPerObservationAreRefused() {
        EncoderSpec spec = new EncoderSpec(Pooling.PER_TOKEN, 8_192, true);
        assertThat(Fixtures.encoders()
                        .encoder(new ModalitySpec.Tensor(5_000, 64), spec)
                        .featureWidth())
                .isEqualTo(8_192 + WIDTH);
        SubstrateInfo wide = widened(16_384);
        assertRefused(
                () -> new Encoders(wide, Fixtures.tokenizer()).encoder(ROWS, new EncoderSpec(Pooling.MEAN, 64, true)),
                Reason.INVALID_FIELD,
                "encoder: 16424 features (expected: at most 16384)");
        assertRefused(
                () -> new Encoders(widened(8_192), Fixtures.tokenizer())
                        .encoder(new ModalitySpec.Tensor(4_096, 1_000), new EncoderSpec(Pooling.PER_TOKEN, 64, true)),
                Reason.INVALID_FIELD,
                "encoder: 12288 features per token, 1000 tokens (expected: at most 16384 per token, 2097152 in all)");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 100, 100, 1000", // text
        "1, 300, 10, 300", // image
        "2, 1000, 10, 1000", // audio
        "3, 100, 10, 0.1", // series
        "4, 3000, 10, 1000", // tokens
        "5, 10, 10, 10" // tensor
    })
    private static void assertSpecRefused(ModalitySpec modality, EncoderSpec spec, String message) {
        assertRefused(() -> Fixtures.encoders().encoder(modality, spec), Reason.INVALID_FIELD, message);
    }

    private static SubstrateInfo widened(int width) {
        return new SubstrateInfo(
                new SubstrateInfo.Identity("wide", "0".repeat(64)),
                new SubstrateInfo.Shape.Bert(1, width, 2, 64, 100, 1_024, 1),
                new SubstrateInfo.Numerics("f32", "a test", "cpu", 4_000, true, "none"));
    }
}
