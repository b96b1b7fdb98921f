// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

final class IdxFileTest {

    @Test
    void idxFilesRefuseAnotherTypeAndAnotherSize() {
        byte[] floats = {0, 0, 0x0d, 1, 0, 0, 0, 0};
        assertThatThrownBy(() -> IdxFile.parse("x.idx", floats))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("x.idx: magic 3329 (expected: 2049 to 2303)");
        byte[] cut = {0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5};
        assertThatThrownBy(() -> IdxFile.parse("x.idx", cut))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("x.idx: 5 bytes of data (expected: 2 x 3)");
        byte[] whole = {0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
        assertThat(IdxFile.parse("x.idx", whole).item(1)).containsExactly(4, 5, 6);
    }
}
