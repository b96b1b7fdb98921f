// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Seeded maps as tensors: the same map. */
final class WrittenMapTest {
    private static Map<String, NamedTensor> parts(Projection map, float gain) {
        Map<String, NamedTensor> parts = new HashMap<>();
        map.visitParts("m", gain, new PartVisitor() {
            @Override
            public void tensor(NamedTensor tensor) {
                parts.put(tensor.name(), tensor);
            }

            @Override
            public void choice(String name, String value) {
                throw new AssertionError(name);
            }
        });
        return parts;
    }

    @ParameterizedTest
    @CsvSource({"7, 16", "40, 16", "1500, 16", "1500, 4", "20000, 2050"})
    void aSparseMapIsExportedAsPlacesAndValues(int in, int out) {
        Projection map = new SparseProjection(in, out);
        Map<String, NamedTensor> parts = parts(map, 0.75f);
        assertThat(parts.keySet()).containsExactlyInAnyOrder("m.places", "m.values");
        assertThat(parts.get("m.places").shape()).containsExactly(in, 4);
        assertThat(parts.get("m.values").shape()).containsExactly(in, 4);
        for (int i = 0; i < in; i++) {
            float[] expected = new float[out];
            map.add(i, 0.75f, expected, 0);
            float[] written = new float[out];
            for (int k = 0; k < 4; k++) {
                written[parts.get("m.places").bits().applyAsInt(4 * i + k)] +=
                        parts.get("m.values").floatAt(4 * i + k);
            }
            assertThat(written).isEqualTo(expected);
        }
    }

    @Test
    void aDenseMapIsExportedAsWeightsTimesGain() {
        Projection map = new OrthogonalProjection(5, 8);
        NamedTensor weight = parts(map, 3).get("m.weight");
        assertThat(weight.shape()).containsExactly(5, 8);
        for (int i = 0; i < 5; i++) {
            float[] row = new float[8];
            map.add(i, 3, row, 0);
            for (int j = 0; j < 8; j++) {
                assertThat(weight.floatAt(8 * i + j)).isEqualTo(row[j]);
            }
        }
    }

    @Test
    void aMapTooLargeToWriteIsRefused() {
        assertThatThrownBy(() -> parts(new SparseProjection((1 << 22) + 1, 2_048), 1))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.TOO_LARGE))
                .hasMessage("m: a map of 4194305 numbers (expected: at most 4194304 to be written out)");
    }
}
