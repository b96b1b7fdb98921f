// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.WIDTH;
import static dev.reservoir.heads.modality.Fixtures.encoder;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationEncoder.Encoded;
import dev.reservoir.heads.SubstrateInput;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Features of an encoder against their definition, on hidden states that are given. */
final class FrozenEncoderTest {
    private static final ModalitySpec.Tensor ROWS = new ModalitySpec.Tensor(5, 8);

    static List<ModalitySpec> modalities() {
        return Fixtures.modalities();
    }

    @ParameterizedTest
    @MethodSource("modalities")
    void twoProcessesGiveEqualFeaturesAloneAndAmongOthers(ModalitySpec modality) {
        for (Pooling pooling : Pooling.values()) {
            boolean skip = !(modality instanceof ModalitySpec.Text && pooling == Pooling.PER_TOKEN);
            ObservationEncoder one = encoder(modality, pooling, 64, skip);
            ObservationEncoder other = encoder(modality, pooling, 64, skip);
            assertThat(one).isNotSameAs(other);
            assertThat(one.key()).isEqualTo(other.key());
            Observation observation = observation(modality, 5);
            Encoded encoded = one.encode(one.admit(observation));
            Encoded again = other.encode(other.admit(observation));
            assertThat(again.rawInput()).isEqualTo(encoded.rawInput());
            assertThat(again.tokens()).isEqualTo(encoded.tokens());
            assertThat(one.admit(observation).tokens()).isGreaterThanOrEqualTo(encoded.tokens());
            assertThat(one.readsSubstrate()).isEqualTo(pooling != Pooling.INPUT_ONLY);
            Features alone;
            Features among;
            if (pooling == Pooling.INPUT_ONLY) {
                assertThat(encoded.tokens()).isZero();
                alone = one.features(encoded, null, 0);
                among = other.features(again, null, 0);
            } else {
                int tokens = encoded.tokens();
                alone = one.features(encoded, Fixtures.hidden(new int[] {tokens}, new long[] {9}), 0);
                HiddenStates others = Fixtures.hidden(new int[] {3, 7, tokens, 1}, new long[] {1, 2, 9, 4});
                among = other.features(again, others, 2);
            }
            assertThat(among.values()).isEqualTo(alone.values());
            assertThat(alone.width()).isEqualTo(one.featureWidth());
            assertThat(alone.tokens()).isEqualTo(encoded.tokens());
            assertThat(alone.rows()).isEqualTo(pooling == Pooling.PER_TOKEN ? encoded.tokens() : 1);
            for (float value : alone.values()) {
                assertThat(Float.isFinite(value)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("modalities")
    void embeddingsAreAboutAsLongAsTheSubstratesOwn(ModalitySpec modality) {
        ObservationEncoder encoder = encoder(modality, Pooling.MEAN, 64, false);
        SubstrateInput input =
                encoder.encode(encoder.admit(observation(modality, 7))).input();
        if (input instanceof SubstrateInput.Embeddings) {
            SubstrateInput.Embeddings embeddings = (SubstrateInput.Embeddings) input;
            double length =
                    Fixtures.norm(embeddings.rows(), 0, embeddings.rows().length) / Math.sqrt(embeddings.tokens());
            assertThat(length).isBetween(0.5, 1.6);
        } else {
            assertThat(modality).isInstanceOf(ModalitySpec.Text.class);
        }
    }

    @Test
    void embeddingsKeepDistancesOfRows() {
        ObservationEncoder encoder = encoder(ROWS, Pooling.MEAN, 64, false);
        float[] values = Fixtures.gaussian(3, 10);
        SubstrateInput.Embeddings embeddings = (SubstrateInput.Embeddings) Objects.requireNonNull(
                encoder.encode(encoder.admit(new Observation.Tensor(values, 5))).input());
        double distance = 0;
        double embedded = 0;
        for (int i = 0; i < 5; i++) {
            distance += Math.pow(values[i] - values[5 + i], 2);
        }
        for (int i = 0; i < WIDTH; i++) {
            embedded += Math.pow(embeddings.rows()[i] - embeddings.rows()[WIDTH + i], 2);
        }
        assertThat(Math.sqrt(embedded / distance)).isCloseTo(1.1 / Math.sqrt(5), within(1e-5));
    }

    @ParameterizedTest
    @EnumSource(names = {"MEAN", "LAST", "FIRST"})
    void poolingEqualsItsDefinition(Pooling pooling) {
        ObservationEncoder encoder = encoder(ROWS, pooling, 64, false);
        HiddenStates hidden = Fixtures.hidden(new int[] {2, 4}, new long[] {1, 2});
        Features features =
                encoder.features(encoder.encode(encoder.admit(new Observation.Tensor(new float[20], 5))), hidden, 1);
        double[] expected = new double[WIDTH];
        for (int t = 0; t < 4; t++) {
            boolean counts = pooling == Pooling.MEAN || t == (pooling == Pooling.LAST ? 3 : 0);
            for (int i = 0; i < WIDTH && counts; i++) {
                expected[i] += hidden.values()[(2 + t) * WIDTH + i];
            }
        }
        assertScaled(features.values(), expected);
    }

    @Test
    void flattenedTokensAreProjectedAndMissingOnesAddNothing() {
        ObservationEncoder encoder = encoder(ROWS, Pooling.FLATTEN, 100, false);
        HiddenStates hidden = Fixtures.hidden(new int[] {3}, new long[] {4});
        Features features =
                encoder.features(encoder.encode(encoder.admit(new Observation.Tensor(new float[15], 5))), hidden, 0);
        float[] image = new float[100];
        SparseProjection projection = new SparseProjection(8 * WIDTH, 100);
        for (int i = 0; i < 3 * WIDTH; i++) {
            projection.add(i, hidden.values()[i], image, 0);
        }
        double[] expected = new double[100];
        for (int i = 0; i < 100; i++) {
            expected[i] = image[i];
        }
        assertThat(features.width()).isEqualTo(100);
        assertScaled(features.values(), expected);
    }

    @Test
    void rowsPerTokenContainTheirOwnInput() {
        ObservationEncoder encoder = encoder(ROWS, Pooling.PER_TOKEN, 64, true);
        float[] values = Fixtures.gaussian(6, 15);
        HiddenStates hidden = Fixtures.hidden(new int[] {3}, new long[] {4});
        Features features =
                encoder.features(encoder.encode(encoder.admit(new Observation.Tensor(values, 5))), hidden, 0);
        assertThat(features.rows()).isEqualTo(3);
        assertThat(features.width()).isEqualTo(WIDTH + 5);
        for (int row = 0; row < 3; row++) {
            assertThat(Fixtures.norm(features.values(), row * (WIDTH + 5), WIDTH))
                    .isCloseTo(Math.sqrt(WIDTH), within(1e-5));
            for (int i = 0; i < 5; i++) {
                assertThat((double) features.values()[row * (WIDTH + 5) + WIDTH + i])
                        .isCloseTo(values[row * 5 + i] * Math.sqrt(WIDTH / 5.0), within(1e-5));
            }
        }
    }

    @Test
    void inputAloneIsTheObservationWithMissingRowsZero() {
        ObservationEncoder encoder = encoder(ROWS, Pooling.INPUT_ONLY, 64, false);
        float[] values = Fixtures.gaussian(6, 15);
        Features features = encoder.features(encoder.encode(encoder.admit(new Observation.Tensor(values, 5))), null, 0);
        assertThat(features.width()).isEqualTo(40);
        for (int i = 0; i < 40; i++) {
            assertThat(features.values()[i]).isCloseTo(i < 15 ? values[i] : 0, within(1e-6f));
        }
    }

    @Test
    void wideInputGoesThroughTheSparseProjection() {
        ObservationEncoder encoder = encoder(new ModalitySpec.Tensor(4_097, 1), Pooling.INPUT_ONLY, 256, false);
        float[] values = Fixtures.gaussian(8, 4_097);
        Features features =
                encoder.features(encoder.encode(encoder.admit(new Observation.Tensor(values, 4_097))), null, 0);
        assertThat(features.width()).isEqualTo(256);
        assertThat(Fixtures.norm(features.values(), 0, 256)).isCloseTo(Math.sqrt(256), within(3.0));
        assertThat(encoder(new ModalitySpec.Tensor(4_096, 1), Pooling.INPUT_ONLY, 256, false)
                        .featureWidth())
                .isEqualTo(4_096);
    }

    @Test
    void widestSymbolsNeedNoTable() {
        ModalitySpec.Tokens widest = new ModalitySpec.Tokens(65_536, 16_384, 256);
        ObservationEncoder encoder = encoder(widest, Pooling.FLATTEN, 64, true);
        int[] symbols = new int[16_384];
        java.util.Arrays.fill(symbols, 65_535);
        Encoded encoded = encoder.encode(encoder.admit(new Observation.Symbols(symbols)));
        assertThat(encoded.tokens()).isEqualTo(64);
        assertThat(Fixtures.norm(encoded.rawInput(), 0, 64)).isCloseTo(8, within(3.0));
    }

    @Test
    void scaleOfASeriesReachesItsFeatures() {
        ModalitySpec.Series series = new ModalitySpec.Series(1, 2, 1, true);
        ObservationEncoder encoder = encoder(series, Pooling.INPUT_ONLY, 64, false);
        Features features =
                encoder.features(encoder.encode(encoder.admit(new Observation.Series(new float[] {3, 7}, 1))), null, 0);
        Features.Scale scale = Objects.requireNonNull(features.scale());
        assertThat(scale.shift()).containsExactly(5);
        assertThat(scale.factor()).containsExactly(2);
        assertThat(features.values()).containsExactly(-1, 1);
    }

    @Test
    void rawInputOfASeriesIsLongerThanTheHiddenStatesBesideIt() {
        ModalitySpec.Series series = new ModalitySpec.Series(1, 4, 1, true);
        ObservationEncoder encoder = encoder(series, Pooling.FLATTEN, 64, true);
        Encoded encoded = encoder.encode(encoder.admit(new Observation.Series(new float[] {1, -1, 1, -1}, 1)));
        // Deviation 1 makes each number 1 and the row 2 long; the hidden states are 8 long.
        assertThat(Fixtures.norm(encoded.rawInput(), 0, 4)).isCloseTo(5 * 8, within(1e-3));
    }

    @Test
    void mismatchedHiddenStatesAreACallerError() {
        ObservationEncoder encoder = encoder(ROWS, Pooling.MEAN, 64, false);
        Encoded encoded = encoder.encode(encoder.admit(new Observation.Tensor(new float[15], 5)));
        assertThatThrownBy(() -> encoder.features(encoded, null, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("hidden states: none (expected: some)");
        assertThatThrownBy(() -> encoder.features(encoded, Fixtures.hidden(new int[] {4}, new long[] {1}), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("hidden states: 4 tokens (expected: 3)");
    }

    /** Equal to the expected numbers scaled to length {@code sqrt(width)}. */
    private static void assertScaled(float[] found, double[] expected) {
        double squares = 0;
        for (double value : expected) {
            squares += value * value;
        }
        assertThat(found).hasSize(expected.length);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).isCloseTo(expected[i] * Math.sqrt(expected.length / squares), within(1e-4));
        }
    }

    private static Observation observation(ModalitySpec modality, long seed) {
        float[] numbers = Fixtures.gaussian(seed, 2_000);
        byte[] bytes = new byte[2_000];
        new java.util.Random(seed).nextBytes(bytes);
        if (modality instanceof ModalitySpec.Text) {
            return new Observation.Text("words of seed " + seed);
        }
        if (modality instanceof ModalitySpec.Image) {
            return new Observation.RawImage(java.util.Arrays.copyOf(bytes, 8 * 8 * 3));
        }
        if (modality instanceof ModalitySpec.Audio) {
            return new Observation.PcmAudio(bytes);
        }
        if (modality instanceof ModalitySpec.Series) {
            return new Observation.Series(java.util.Arrays.copyOf(numbers, 16), 2);
        }
        if (modality instanceof ModalitySpec.Tokens) {
            return new Observation.Symbols(new int[] {0, 3, 4, 1, (int) Math.floorMod(seed, 5)});
        }
        return new Observation.Tensor(java.util.Arrays.copyOf(numbers, 5 * (1 + (int) Math.floorMod(seed, 8))), 5);
    }
}
