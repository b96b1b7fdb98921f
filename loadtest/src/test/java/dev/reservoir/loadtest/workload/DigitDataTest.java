// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.v1.Example;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The spoken digits: which voices speak in which part, and how loud they are. */
final class DigitDataTest {

    private static final long SEED = 7;

    @Test
    void voicesSpeakEachDigitOnceInOnePartOnly() throws IOException {
        Map<String, Set<String>> partsOf = new HashMap<>();
        Map<String, List<String>> wordsOf = new HashMap<>();
        for (String line : ShippedFile.lines("digits.tsv.gz")) {
            String[] fields = line.split("\t", 6);
            for (String half : fields[1].split("\\+", 2)) {
                partsOf.computeIfAbsent(half, key -> new HashSet<>()).add(fields[0]);
            }
            wordsOf.computeIfAbsent(fields[1], key -> new ArrayList<>()).add(fields[4]);
        }
        assertThat(partsOf.values()).allMatch(parts -> parts.size() == 1);
        assertThat(wordsOf).hasSize(80);
        assertThat(wordsOf.values())
                .allSatisfy(words -> assertThat(words).hasSize(10).doesNotHaveDuplicates());
    }

    @Test
    void digitsAreTenDecibelsAboveTheirNoise() {
        List<SpokenClip> clips =
                SpokenClip.read(new Resource("digits.tsv.gz"), new Resource("digits.mulaw.gz")).stream()
                        .filter(clip -> clip.part().equals("test"))
                        .toList();
        List<Example> test = DigitData.load(SEED).test();
        for (int at = 0; at < clips.size(); at++) {
            SpokenClip clip = clips.get(at);
            ByteBuffer pcm = test.get(at)
                    .getObservation()
                    .getAudio()
                    .getPcm16()
                    .asReadOnlyByteBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(pcm.remaining()).isEqualTo(2 * 6_400);
            double energy = 0;
            while (pcm.hasRemaining()) {
                double sample = pcm.getShort() / 32_767.0;
                energy += sample * sample;
            }
            double word = clip.power() * clip.length();
            double noise = clip.power() / 10 * 6_400;
            // Two independent sounds add up; clipping and chance account for less than a tenth.
            assertThat(energy).isCloseTo(word + noise, within(0.1 * (word + noise)));
            assertThat(test.get(at).getTarget().getLabel()).isEqualTo(clip.word());
        }
    }
}
