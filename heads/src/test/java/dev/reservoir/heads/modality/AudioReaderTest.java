package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Random;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AudioReaderTest {
    private static final String WAV = "observation.audio.wav: ";
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
    void soundIsNormalisedAndTheLastTokenFilledWithTheMean() {
        ObservationRows reading = Fixtures.read(new AudioReader(SPEC), new Observation.PcmAudio(pcm(noise(2, 3_000))));
        // 20 frames, three a token: seven tokens, of the last two frames.
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
    void wavesOfEveryKindEqualTheirSamples() {
        float[] left = noise(5, 900);
        float[] right = noise(6, 900);
        float[] mono = WaveFile.decode(wave(pcm(left), 8_000, 16, 1), 8_000, 10_000);
        float[] stereo = WaveFile.decode(wave(interleave(pcm(left), pcm(right)), 8_000, 16, 2), 8_000, 10_000);
        byte[] coarse = new byte[900];
        for (int i = 0; i < 900; i++) {
            coarse[i] = (byte) (Math.round(left[i] * 127) + 128);
        }
        float[] eight = WaveFile.decode(wave(coarse, 8_000, 8, 1), 8_000, 10_000);
        assertThat(mono).hasSize(900);
        for (int i = 0; i < 900; i++) {
            assertThat(mono[i]).isCloseTo(left[i], within(1e-4f));
            assertThat(stereo[i]).isCloseTo((left[i] + right[i]) / 2, within(1e-4f));
            assertThat(eight[i]).isCloseTo(left[i], within(0.02f));
        }
        assertThat(WaveFile.decode(wave(pcm(left), 8_000, 16, 1), 8_000, 100)).hasSize(100);
    }

    @Test
    void waveAndItsSamplesGiveTheSameReading() {
        byte[] samples = pcm(noise(7, 1_500));
        AudioReader reader = new AudioReader(SPEC);
        assertThat(Fixtures.read(reader, new Observation.WaveAudio(wave(samples, 8_000, 16, 1)))
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

    @Test
    void wavesThatTheHeadDoesNotReadAreRefused() {
        byte[] samples = pcm(noise(8, 600));
        assertWaveRefused(wave(samples, 16_000, 16, 1), WAV + "16000 samples a second (expected: 8000)");
        assertWaveRefused(wave(samples, 8_000, 16, 3), WAV + "3 channels (expected: 1 or 2)");
        assertWaveRefused(
                wave(samples, 8_000, 24, 1), WAV + "PCM_SIGNED of 24 bits (expected: linear PCM of 8 or 16 bits)");
        assertWaveRefused(wave(new byte[0], 8_000, 16, 1), WAV + "0 samples (expected: at least 1)");
        assertWaveRefused(new byte[0], WAV + "0 bytes (expected: 1 to 4194304)");
        assertRefused(
                () -> new AudioReader(SPEC).admit(new Observation.WaveAudio(new byte[(4 << 20) + 1])),
                Reason.TOO_LARGE,
                WAV + "4194305 bytes (expected: at most 4194304)");
    }

    @Test
    void filesOfOtherFormatsAreRefusedByTheirFirstBytes() {
        String message = WAV + "a file without RIFF and WAVE at its start (expected: a RIFF/WAVE file)";
        byte[] aiff = write(pcm(noise(9, 100)), new AudioFormat(8_000, 16, 1, true, true), AudioFileFormat.Type.AIFF);
        assertWaveRefused(aiff, message);
        assertWaveRefused("MThd\0\0\0\6\0\0\0\1".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1), message);
        assertWaveRefused("RIFF".getBytes(java.nio.charset.StandardCharsets.US_ASCII), message);
    }

    @Test
    void truncatedWavesAreRefusedWhereverTheyEnd() {
        byte[] file = wave(pcm(noise(10, 100)), 8_000, 16, 1);
        assertWaveRefused(
                Arrays.copyOf(file, file.length - 10), WAV + "95 samples (expected: 100 by the file's header)");
        for (int length = 12; length < file.length - 1; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            try {
                Fixtures.read(new AudioReader(SPEC), new Observation.WaveAudio(cut));
                throw new AssertionError("a file cut to " + length + " bytes was read");
            } catch (Refused refused) {
                assertThat(refused.reason()).isEqualTo(Reason.INVALID_OBSERVATION);
            }
        }
    }

    @Test
    void brokenHeadersAreReadOrRefusedAndNothingElse() {
        byte[] file = wave(pcm(noise(11, 100)), 8_000, 16, 1);
        Random random = new Random(12);
        int refusals = 0;
        for (int trial = 0; trial < 2_000; trial++) {
            byte[] broken = file.clone();
            broken[12 + random.nextInt(32)] = (byte) random.nextInt();
            broken[12 + random.nextInt(32)] = (byte) random.nextInt();
            try {
                Fixtures.read(new AudioReader(SPEC), new Observation.WaveAudio(broken));
            } catch (Refused refused) {
                refusals++;
            }
        }
        assertThat(refusals).isGreaterThan(500);
    }

    private static void assertWaveRefused(byte[] file, String message) {
        assertRefused(
                () -> Fixtures.read(new AudioReader(SPEC), new Observation.WaveAudio(file)),
                Reason.INVALID_OBSERVATION,
                message);
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

    private static byte[] interleave(byte[] left, byte[] right) {
        byte[] both = new byte[left.length + right.length];
        for (int i = 0; i < left.length; i += 2) {
            System.arraycopy(left, i, both, 2 * i, 2);
            System.arraycopy(right, i, both, 2 * i + 2, 2);
        }
        return both;
    }

    private static byte[] wave(byte[] samples, int rate, int bits, int channels) {
        return write(samples, new AudioFormat(rate, bits, channels, bits != 8, false), AudioFileFormat.Type.WAVE);
    }

    private static byte[] write(byte[] samples, AudioFormat format, AudioFileFormat.Type type) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            AudioSystem.write(
                    new AudioInputStream(
                            new ByteArrayInputStream(samples), format, samples.length / format.getFrameSize()),
                    type,
                    file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toByteArray();
    }
}
