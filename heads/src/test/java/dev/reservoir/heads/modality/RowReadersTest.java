// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens, tensor and text. */
final class RowReadersTest {
    private static final ModalitySpec.Tokens DNA = new ModalitySpec.Tokens(4, 10, 3);
    private static final ModalitySpec.Tensor ROWS = new ModalitySpec.Tensor(4, 5);
    private static final ModalitySpec.Text TEXT = new ModalitySpec.Text(6);

    @Test
    void symbolsAreOnesInTheColumnOfPlaceAndValue() {
        int[] symbols = {3, 0, 1, 2, 2, 1, 0};
        float[][] dense = dense(new TokensReader(DNA), new Observation.Symbols(symbols));
        assertThat(dense.length).isEqualTo(3);
        for (int i = 0; i < 9; i++) {
            for (int symbol = 0; symbol < 4; symbol++) {
                int expected = i < symbols.length && symbols[i] == symbol ? 1 : 0;
                assertThat(dense[i / 3][(i % 3) * 4 + symbol]).isEqualTo(expected);
            }
        }
    }

    @Test
    void bitsAreSigns() {
        ModalitySpec.Tokens bits = new ModalitySpec.Tokens(2, 10, 4);
        float[][] dense = dense(new TokensReader(bits), new Observation.Symbols(new int[] {1, 0, 0, 1, 1}));
        assertThat(dense[0]).containsExactly(1, -1, -1, 1);
        assertThat(dense[1]).containsExactly(1, 0, 0, 0);
    }

    @Test
    void shorterSequencesGiveFewerTokens() {
        for (int length = 1; length <= 10; length++) {
            Observation observation = new Observation.Symbols(new int[length]);
            assertThat(new TokensReader(DNA).admit(observation).tokens()).isEqualTo((length + 2) / 3);
            assertThat(Fixtures.read(new TokensReader(DNA), observation).rows()).isEqualTo((length + 2) / 3);
        }
    }

    @Test
    void symbolsOutsideTheVocabularyAndWrongLengthsAreRefused() {
        TokensReader reader = new TokensReader(DNA);
        for (int symbol : new int[] {-1, 4, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            assertRefused(
                    () -> Fixtures.read(reader, new Observation.Symbols(new int[] {0, 1, symbol})),
                    Reason.INVALID_OBSERVATION,
                    "observation.tokens.symbols[2]: " + symbol + " (expected: 0 to 3)");
        }
        assertRefused(
                () -> reader.admit(new Observation.Symbols(new int[0])),
                Reason.INVALID_OBSERVATION,
                "observation.tokens: 0 symbols (expected: 1 to 10)");
        assertRefused(
                () -> reader.admit(new Observation.Symbols(new int[11])),
                Reason.TOO_LARGE,
                "observation.tokens: 11 symbols (expected: 1 to 10)");
        assertRefused(
                () -> reader.admit(new Observation.Series(new float[4], 4)),
                Reason.WRONG_MODALITY,
                "observation: series (expected: tokens)");
    }

    @Test
    void tensorRowsAreUsedUnchanged() {
        float[] values = Fixtures.gaussian(3, 12);
        ObservationRows reading = Fixtures.read(new TensorReader(ROWS), new Observation.Tensor(values, 4));
        assertThat(reading.rows()).isEqualTo(3);
        assertThat(reading.values()).isEqualTo(values);
    }

    @Test
    void tensorsOfAnotherShapeAreRefused() {
        TensorReader reader = new TensorReader(ROWS);
        assertRefused(
                () -> reader.admit(new Observation.Tensor(new float[8], 2)),
                Reason.INVALID_OBSERVATION,
                "observation.tensor.columns: 2 (expected: 4)");
        assertRefused(
                () -> reader.admit(new Observation.Tensor(new float[9], 4)),
                Reason.INVALID_OBSERVATION,
                "observation.tensor.values: 9 numbers (expected: a multiple of columns 4)");
        assertRefused(
                () -> reader.admit(new Observation.Tensor(new float[0], 4)),
                Reason.INVALID_OBSERVATION,
                "observation.tensor: 0 rows (expected: 1 to 5)");
        assertRefused(
                () -> reader.admit(new Observation.Tensor(new float[24], 4)),
                Reason.TOO_LARGE,
                "observation.tensor: 6 rows (expected: 1 to 5)");
        assertRefused(
                () -> Fixtures.read(reader, new Observation.Tensor(new float[] {0, 0, 0, Float.NaN}, 4)),
                Reason.INVALID_OBSERVATION,
                "observation.tensor.values[3]: NaN (expected: a finite number of absolute value at most 1e13)");
        assertRefused(
                () -> reader.admit(new Observation.Symbols(new int[1])),
                Reason.WRONG_MODALITY,
                "observation: tokens (expected: tensor)");
    }

    @Test
    void textIsItsTokensAndTheBagOfThem() {
        TextReader reader = new TextReader(TEXT, Fixtures.tokenizer(), Fixtures.VOCABULARY);
        ObservationRows reading = Fixtures.read(reader, new Observation.Text("one two one three four"));
        int[] ids = Objects.requireNonNull(reading.tokenIds()).ids();
        assertThat(ids)
                .isEqualTo(Fixtures.tokenizer().encode("one two one three four", 6))
                .hasSize(6);
        float[][] dense = dense(reader, new Observation.Text("one two one three four"));
        // "one" occurs twice; "four" is cut off.
        double length = Math.sqrt(Math.pow(Math.log(3), 2) + 2 * Math.pow(Math.log(2), 2));
        assertThat((double) dense[0][ids[1]]).isCloseTo(Math.log(3) / length, within(1e-6));
        assertThat((double) dense[0][ids[2]]).isCloseTo(Math.log(2) / length, within(1e-6));
        assertThat((double) dense[0][ids[4]]).isCloseTo(Math.log(2) / length, within(1e-6));
        assertThat(dense[0][1] + dense[0][2]).isZero();
    }

    @Test
    void admissionNeverEstimatesFewerTokensThanThereAre() {
        TextReader reader = new TextReader(TEXT, Fixtures.tokenizer(), Fixtures.VOCABULARY);
        for (String text : new String[] {"a", "\u00e9", "a b", "\ud55c", "one two three four five six seven"}) {
            Observation observation = new Observation.Text(text);
            int tokens = Objects.requireNonNull(
                            Fixtures.read(reader, observation).tokenIds())
                    .tokens();
            assertThat(reader.admit(observation).tokens()).isBetween(tokens, 6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {" ", "\n\t\r ", "\u00a0\u2003\u3000"})
    void blankTextIsRefused(String text) {
        int bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        assertTextRefused(
                text,
                Reason.INVALID_OBSERVATION,
                "observation.text: " + bytes
                        + " bytes of white space (expected: at least one character that is not white space)");
    }

    @Test
    void emptyAndTooLongTextsAreRefused() {
        assertTextRefused(
                "",
                Reason.INVALID_OBSERVATION,
                "observation.text: empty (expected: at least one character that is not white space)");
        assertTextRefused(
                "a".repeat(65_537), Reason.TOO_LARGE, "observation.text: 65537 bytes (expected: at most 65536)");
        assertTextRefused(
                "\ud83d\ude00".repeat(16_385),
                Reason.TOO_LARGE,
                "observation.text: 65540 bytes (expected: at most 65536)");
        TextReader reader = new TextReader(TEXT, Fixtures.tokenizer(), Fixtures.VOCABULARY);
        assertThat(reader.admit(new Observation.Text("\u00e9".repeat(32_768))).tokens())
                .isEqualTo(6);
        assertThat(reader.admit(new Observation.Text("\u20ac".repeat(21_845))).tokens())
                .isEqualTo(6);
    }

    @Test
    void otherModalitiesAreNotText() {
        assertRefused(
                () -> new TextReader(TEXT, Fixtures.tokenizer(), 10).admit(new Observation.WaveAudio(new byte[1])),
                Reason.WRONG_MODALITY,
                "observation: audio (expected: text)");
    }

    private static void assertTextRefused(String text, Reason reason, String message) {
        TextReader reader = new TextReader(TEXT, Fixtures.tokenizer(), Fixtures.VOCABULARY);
        assertRefused(() -> reader.admit(new Observation.Text(text)), reason, message);
        assertRefused(() -> Fixtures.read(reader, new Observation.Text(text)), reason, message);
    }

    private static float[][] dense(ObservationReader reader, Observation observation) {
        ObservationRows reading = Fixtures.read(reader, observation);
        float[][] dense = new float[reading.rows()][reader.rowWidth()];
        for (int i = 0; i < reading.values().length; i++) {
            int row = i / reading.valuesPerRow();
            dense[row][reading.column(row, i)] += reading.values()[i];
        }
        return dense;
    }
}
