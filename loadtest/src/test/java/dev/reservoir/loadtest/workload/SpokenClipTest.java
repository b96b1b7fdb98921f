// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SpokenClipTest {

    @Test
    void expandsEveryCodeToItsValue() {
        // Codes -127 to 127 in steps of one; the first byte is the difference from 0.
        byte[] differences = new byte[255];
        Arrays.fill(differences, (byte) 1);
        differences[0] = -127;
        List<String[]> index = List.<String[]>of(new String[] {"train", "voice", "150", "50", "one", "255"});
        SpokenClip clip = SpokenClip.parse(index, "clips", differences).get(0);
        for (int code = -127; code <= 127; code++) {
            double sample = clip.sample(code + 127);
            double compressed = Math.signum(sample) * Math.log1p(255 * Math.abs(sample)) / Math.log(256);
            assertThat(compressed * 127).isCloseTo(code, within(1e-9));
        }
        assertThat(clip.sample(254)).isCloseTo(1, within(1e-12));
    }

    @Test
    void refusesTooFewAndTooManySamples() {
        List<String[]> index = List.<String[]>of(new String[] {"train", "voice", "150", "50", "one", "4"});
        assertThatThrownBy(() -> SpokenClip.parse(index, "clips", new byte[3]))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("clips: 3 samples (expected: at least 4)");
        assertThatThrownBy(() -> SpokenClip.parse(index, "clips", new byte[5]))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("clips: 5 samples (expected: 4)");
    }
}
