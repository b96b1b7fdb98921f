// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.Example;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The pixels and labels of MNIST against its files, read here a second way. */
final class MnistDataTest {

    private static final long SEED = 7;

    @Test
    void sendsTheSamePixelsRawAndAsPng() throws IOException {
        Workload workload = MnistData.load(SEED);
        assertThat(workload.train())
                .allMatch(example -> example.getObservation().getImage().hasRaw());
        assertThat(workload.test())
                .allMatch(example -> example.getObservation().getImage().hasEncoded());
        byte[] file = ShippedFile.gunzip("mnist-test-images.idx.gz");
        byte[] labels = ShippedFile.gunzip("mnist-test-labels.idx.gz");
        Map<String, Byte> classOf = new HashMap<>();
        for (int item = 0; item < 1_000; item++) {
            Example example = workload.test().get(item);
            assertThat(ContractLimits.pixels(example.getObservation().getImage()))
                    .isEqualTo(Arrays.copyOfRange(file, 16 + item * 784, 16 + (item + 1) * 784));
            byte label = labels[8 + item];
            assertThat(classOf.merge(example.getTarget().getLabel(), label, (a, b) -> a))
                    .isEqualTo(label);
        }
        assertThat(classOf)
                .hasSize(10)
                .allSatisfy((label, value) -> assertThat(label).isEqualTo(Byte.toString(value)));
    }
}
