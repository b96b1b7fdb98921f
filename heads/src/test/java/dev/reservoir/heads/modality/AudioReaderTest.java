// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AudioReaderTest {
    private static final ModalitySpec.Audio SPEC = new ModalitySpec.Audio(8_000, 200, 20, 3);

    @ParameterizedTest
    @ValueSource(ints = {8_000, 11_025, 16_000, 44_100})
    void logMelEqualsANaiveTransform(int rate) {
        int bands = 24;
        int frames = 5;
        float[] samples = noise(1, rate / 40 + 4 * (rate / 100) - 30);
        float[] found = new MelSpectrum(rate, bands).logMel(samples, frames);
        int length = rate / 40;
        int size = 256;
        while (size < length) {
            size *= 2;
        }
        for (int f = 0; f < frames; f++) {
            double[] power = new double[size / 2 + 1];
            for (int k = 0; k < power.length; k++) {
                double real = 0;
                double imaginary = 0;
                for (int i = 0; i < length; i++) {
                    int at = f * (rate / 100) + i;
                    double sample = at < samples.length ? samples[at] : 0;
                    double windowed = sample * Math.pow(Math.sin(Math.PI * i / length), 2);
                    real += windowed * Math.cos(2 * Math.PI * k * i / size);
                    imaginary -= windowed * Math.sin(2 * Math.PI * k * i / size);
                }
                power[k] = real * real + imaginary * imaginary;
            }
            for (int b = 0; b < bands; b++) {
                double low = edge(b, bands, rate);
                double middle = edge(b + 1, bands, rate);
                double high = edge(b + 2, bands, rate);
                double energy = 1e-6;
                for (int k = 0; k < power.length; k++) {
                    double hertz = (double) k * rate / size;
                    if (hertz > low && hertz < high) {
                        energy += power[k]
                                * (hertz < middle ? (hertz - low) / (middle - low) : (high - hertz) / (high - middle));
                    }
                }
                assertThat((double) found[f * bands + b]).isCloseTo(Math.log(energy), within(1e-3));
            }
        }
    }

    @Test
    void aFrameDoesNotDependOnTheOthersOfItsSound() {
        int frames = 300;
        MelSpectrum spectrum = new MelSpectrum(16_000, 40);
        float[] samples = noise(13, spectrum.samples(frames));
        float[] together = spectrum.logMel(samples, frames);
        for (int f = 0; f < frames; f += 37) {
            float[] alone = spectrum.logMel(Arrays.copyOfRange(samples, f * 160, f * 160 + 400), 1);
            assertThat(alone).isEqualTo(Arrays.copyOfRange(together, f * 40, f * 40 + 40));
        }
    }

    @Test
    void soundIsNormalisedAndTheLastTokenFilledWithTheMean() {
        ObservationRows reading = Fixtures.read(new AudioReader(SPEC), new Observation.PcmAudio(pcm(noise(2, 3_000))));
        // 20 frames, three per token: seven tokens, of the last two frames.
        assertThat(reading.rows()).isEqualTo(7);
        assertThat(reading.valuesPerRow()).isEqualTo(60);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < 400; i++) {
            sum += reading.values()[i];
            squares += reading.values()[i] * reading.values()[i];
        }
        assertThat(sum / 400).isCloseTo(0, within(1e-5));
        assertThat(squares / 400).isCloseTo(1, within(1e-5));
        assertThat(Arrays.copyOfRange(reading.values(), 400, 420)).containsOnly(0);
    }

    @Test
    void loudnessMakesNoDifference() {
        float[] loud = noise(3, 2_000);
        float[] half = loud.clone();
        for (int i = 0; i < half.length; i++) {
            half[i] /= 2;
        }
        float[] one = Fixtures.read(new AudioReader(SPEC), new Observation.PcmAudio(pcm(loud)))
                .values();
        float[] other = Fixtures.read(new AudioReader(SPEC), new Observation.PcmAudio(pcm(half)))
                .values();
        for (int i = 0; i < one.length; i++) {
            assertThat(other[i]).isCloseTo(one[i], within(0.02f));
        }
    }

    @Test
    void longSoundsAreCutAndSilenceIsZero() {
        AudioReader reader = new AudioReader(SPEC);
        float[] samples = noise(4, 9_000);
        // 19 steps of 80 samples and a frame of 200.
        float[] cut = Arrays.copyOf(samples, 1_720);
        assertThat(Fixtures.read(reader, new Observation.PcmAudio(pcm(samples))).values())
                .isEqualTo(Fixtures.read(reader, new Observation.PcmAudio(pcm(cut)))
                        .values());
        assertThat(Fixtures.read(reader, new Observation.PcmAudio(new byte[800]))
                        .values())
                .containsOnly(0);
    }

    @Test
    void waveFilesAndTheirRawSamplesYieldEqualRows() {
        byte[] samples = pcm(noise(7, 1_500));
        AudioReader reader = new AudioReader(SPEC);
        assertThat(Fixtures.read(reader, new Observation.WaveAudio(wave(samples)))
                        .values())
                .isEqualTo(
                        Fixtures.read(reader, new Observation.PcmAudio(samples)).values());
    }

    @Test
    void samplesOfAWrongSizeAreRefused() {
        AudioReader reader = new AudioReader(SPEC);
        String field = "observation.audio.pcm16: ";
        assertRefused(
                () -> reader.admit(new Observation.PcmAudio(new byte[0])),
                Reason.INVALID_OBSERVATION,
                field + "0 bytes (expected: 1 to 4194304)");
        assertRefused(
                () -> reader.admit(new Observation.PcmAudio(new byte[3])),
                Reason.INVALID_OBSERVATION,
                field + "3 bytes (expected: a multiple of 2)");
        assertRefused(
                () -> reader.admit(new Observation.PcmAudio(new byte[(4 << 20) + 2])),
                Reason.TOO_LARGE,
                field + "4194306 bytes (expected: at most 4194304)");
        assertRefused(
                () -> reader.admit(new Observation.RawImage(new byte[4])),
                Reason.WRONG_MODALITY,
                "observation: image (expected: audio)");
    }

    private static double edge(int index, int bands, int rate) {
        double top = 2595 * Math.log10(1 + rate / 1400.0);
        return 700 * (Math.pow(10, top * index / (bands + 1) / 2595) - 1);
    }

    /** From -0.9 to 0.9. */
    private static float[] noise(long seed, int count) {
        Random random = new Random(seed);
        float[] samples = new float[count];
        for (int i = 0; i < count; i++) {
            samples[i] = 0.9f * (2 * random.nextFloat() - 1);
        }
        return samples;
    }

    private static byte[] pcm(float[] samples) {
        byte[] bytes = new byte[2 * samples.length];
        for (int i = 0; i < samples.length; i++) {
            int sample = Math.round(samples[i] * 32_767);
            bytes[2 * i] = (byte) sample;
            bytes[2 * i + 1] = (byte) (sample >> 8);
        }
        return bytes;
    }

    private static byte[] wave(byte[] samples) {
        return WaveFileTest.wave(WaveFileTest.format(1, 1, 8_000, 16), samples);
    }
}
