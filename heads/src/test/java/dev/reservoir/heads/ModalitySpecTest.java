// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A message states the whole range of a value, whichever of its bounds is exceeded. */
final class ModalitySpecTest {
    private static final int POSITIONS = 512;

    static Stream<Arguments> sizes() {
        return Stream.of(
                size(ModalitySpec.Text::new, "modality.text.max_tokens: ", 4, "4 to the substrate's positions"),
                size(
                        rows -> new ModalitySpec.Tensor(1, rows),
                        "modality.tensor.max_rows: ",
                        1,
                        "1 to the substrate's positions"));
    }

    private static Arguments size(IntFunction<ModalitySpec> modality, String field, int least, String range) {
        return Arguments.of(modality, field, least, range);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void bothBoundsAreInTheMessageOfEither(IntFunction<ModalitySpec> modality, String field, int least, String range) {
        assertThatThrownBy(() -> modality.apply(-1)).hasMessage(field + "-1 (expected: " + range + ")");
        assertThatThrownBy(() -> modality.apply(least - 1))
                .hasMessage(field + (least - 1) + " (expected: " + range + ")");
        assertThatThrownBy(() -> modality.apply(POSITIONS + 1).checkPositions(POSITIONS))
                .hasMessage(field + "513 (expected: " + range + ", 512)");
        assertThatCode(() -> modality.apply(least).checkPositions(POSITIONS)).doesNotThrowAnyException();
        assertThatCode(() -> modality.apply(POSITIONS).checkPositions(POSITIONS))
                .doesNotThrowAnyException();
    }

    @Test
    void lengthsDividedIntoPatchesOrGroupsReportBothLimits() {
        assertThatThrownBy(() -> new ModalitySpec.Series(1, 0, 1, true))
                .hasMessage("modality.series.window: 0 (expected: 1 to 8192, and at most patch x the substrate's"
                        + " positions)");
        assertThatThrownBy(() -> new ModalitySpec.Tokens(2, 16_385, 1))
                .hasMessage(
                        "modality.tokens.max_length: 16385 (expected: 1 to 16384, and at most group x the substrate's"
                                + " positions)");
        assertThatThrownBy(() -> new ModalitySpec.Tokens(2, 16_384, 1).checkPositions(POSITIONS))
                .hasMessage("modality.tokens.max_length: 16384 tokens (expected: at most 512 tokens, the substrate's"
                        + " positions)");
        assertThatThrownBy(() -> new ModalitySpec.Audio(8_000, 30_001, 8, 1))
                .hasMessage(
                        "modality.audio.duration_millis: 30001 (expected: 100 to 30000, and at most as many tokens as"
                                + " the substrate has positions)");
    }

    @Test
    void aTaskPerTokenNeedsOneItemAToken() {
        String field = "task.token_classification";
        assertThatThrownBy(() -> new ModalitySpec.Tokens(21, 512, 2).checkTokenPerItem(field))
                .hasMessage("modality.tokens.group: 2 (expected: 1 for a task per token)");
        assertThatThrownBy(() -> new ModalitySpec.Text(8).checkTokenPerItem(field))
                .hasMessage(field + ": modality text (expected: modality tokens with group 1, or tensor)");
        assertThatCode(() -> new ModalitySpec.Tensor(3, 4).checkTokenPerItem(field))
                .doesNotThrowAnyException();
    }
}
