// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.torch.Products;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Prints by how many kilobytes this process grew over 2,000 passes, after 1,000 to warm up. */
final class MemoryProbe {
    private MemoryProbe() {}

    public static void main(String[] arguments) throws IOException {
        SplittableRandom random = new SplittableRandom(9);
        NormBank bank = Fixtures.bank(random, 2, Fixtures.TINY);
        List<SubstrateInput> sequences = new ArrayList<>();
        for (int length : new int[] {40, 40, 40, 40, 40, 12}) {
            sequences.add(Fixtures.rows(random, length, Fixtures.TINY));
        }
        BertProgram program = Fixtures.program(BertWeights.random(Fixtures.TINY, 3), Products.PACKED_F32);
        try (BertSubstrate substrate = Fixtures.substrate(program, bank)) {
            use(substrate, sequences, bank, 1_000);
            long before = residentKilobytes();
            use(substrate, sequences, bank, 2_000);
            System.out.println("grew " + (residentKilobytes() - before));
        }
    }

    private static void use(BertSubstrate substrate, List<SubstrateInput> sequences, NormBank bank, int passes) {
        int[] slots = new int[sequences.size()];
        for (int pass = 0; pass < passes; pass++) {
            substrate.forward(sequences, bank, slots);
            if (pass % 20 == 0) {
                try (TracedForward traced = substrate.trace(sequences, bank, slots)) {
                    traced.gradients(traced.hidden().values());
                }
            }
        }
    }

    private static long residentKilobytes() throws IOException {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
