// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;

final class ResourceTest {

    @Test
    void namesTheFileThatIsMissingOrMalformed() {
        assertThatThrownBy(() -> new Resource("absent.gz").bytes())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("absent.gz");
        assertThatThrownBy(() -> new Resource("splice.tsv.gz").rows(3))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("splice.tsv.gz: 2 fields (expected: 3)");
    }
}
