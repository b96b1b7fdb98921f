// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** How the modules of a program are put together. */
final class ProgramSourceTest {
    @Test
    void writesImportedAndOwnNamesOutAndLeavesOthersAndLinesAlone() {
        ProgramSource source = ProgramSource.of(ProgramSourceTest.class, "linked");
        assertThat(source.modules()).containsOnlyKeys("blocks.matmul", "linked");
        assertThat(source.modules().get("linked").lines())
                .containsExactly(
                        "",
                        "",
                        "class Pair(NamedTuple):",
                        "  first : Tensor",
                        "",
                        "def twice(x: Tensor) -> __torch__.linked.Pair:",
                        "  return __torch__.linked.Pair(x)",
                        "",
                        "class Linked(Module):",
                        "  pairs : List[__torch__.linked.Pair]",
                        "",
                        "  def twice(self, x: Tensor) -> __torch__.linked.Pair:",
                        "    x.matmul = __torch__.linked.twice(__torch__.blocks.matmul.pack(x, 1))",
                        "    return self.twice(x)");
    }

    @Test
    void startsAnArchiveFromTheLastClassOfTheMainModule() {
        assertThatThrownBy(() -> ProgramArchive.of(new ProgramSource("empty", Map.of("empty", "# nothing"))))
                .hasMessage("module empty: no class (expected: one that is a Module)");
        assertThatThrownBy(() -> ProgramArchive.of(
                        new ProgramSource("main", Map.of("main", "class Main(Module):\n  x : complex\n"))))
                .hasMessageContaining("attribute of type complex (expected: bool, int,");
    }

    @Test
    void saysWhichResourceIsMissing() {
        assertThatThrownBy(() -> ProgramSource.of(ProgramSourceTest.class, "nowhere"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("program nowhere.py: not on the class path (expected: beside "
                        + ProgramSourceTest.class.getName() + ")");
    }
}
