// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files built chunk by chunk, as encoders write them; the samples expected of them are known by construction. */
final class WaveFileTest {
    private static final String FIELD = "observation.audio.wav: ";
    private static final int RATE = 8_000;
    private static final int PCM = 1;
    private static final byte[] FORMAT = format(PCM, 1, RATE, 16);
    private static final byte[] SAMPLES = bytes(1, 300);

    @ParameterizedTest
    @CsvSource({"8, 1", "8, 2", "16, 1", "16, 2"})
    void samplesEqualWhatAnIndependentWriterWrote(int bits, int channels) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        AudioFormat format = new AudioFormat(RATE, bits, channels, bits != 8, false);
        int frames = SAMPLES.length / format.getFrameSize();
        AudioSystem.write(
                new AudioInputStream(new ByteArrayInputStream(SAMPLES), format, frames),
                AudioFileFormat.Type.WAVE,
                file);
        float[] found = decode(file.toByteArray());
        assertThat(found).hasSize(frames);
        for (int i = 0; i < frames; i++) {
            double sum = 0;
            for (int c = 0; c < channels; c++) {
                int at = i * channels + c;
                sum += bits == 8
                        ? ((SAMPLES[at] & 0xFF) - 128) / 128.0
                        : ByteBuffer.wrap(SAMPLES)
                                        .order(ByteOrder.LITTLE_ENDIAN)
                                        .getShort(2 * at)
                                / 32_768.0;
            }
            assertThat((double) found[i]).isCloseTo(sum / channels, within(1e-7));
        }
        assertThat(WaveFile.decode(file.toByteArray(), RATE, 10)).isEqualTo(Arrays.copyOf(found, 10));
    }

    /**
     * What encoders leave in a pipe, and what is as impossible: 0, the largest numbers, less a header, anything too
     * large.
     */
    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                0xFFFF_FFFFL,
                0x7FFF_FFFFL,
                0x8000_0000L,
                0xFFFF_FFFEL,
                0x7FFF_FFFEL,
                0x7FFF_F000L,
                0xFFFF_FFDBL,
                0x7FFF_FFDBL,
                0xFFFF_F000L,
                1_000_000,
                301
            })
    void samplesOfAnImpossibleSizeEndWithTheFile(long size) {
        byte[] piped =
                riff((int) Math.min(size + 36, 0xFFFF_FFFFL), chunk("fmt ", FORMAT), header("data", size), SAMPLES);
        assertDecoded(piped);
        // What ffmpeg puts between format and samples.
        assertDecoded(riff(-1, chunk("fmt ", FORMAT), chunk("LIST", bytes(2, 26)), header("data", size), SAMPLES));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MAX_VALUE, 1, 36})
    void theSizeOfTheWholeFileIsIgnored(int size) {
        assertDecoded(riff(size, chunk("fmt ", FORMAT), chunk("data", SAMPLES)));
    }

    @Test
    void otherChunksAreSkippedWhereverTheyAre() {
        byte[] odd = chunk("LIST", bytes(3, 27));
        byte[] unpadded = Arrays.copyOf(odd, odd.length - 1);
        assertDecoded(riff(0, chunk("JUNK", new byte[28]), chunk("fmt ", FORMAT), odd, chunk("data", SAMPLES)));
        assertDecoded(riff(0, odd, chunk("fmt ", FORMAT), chunk("fact", new byte[4]), chunk("data", SAMPLES), odd));
        assertDecoded(riff(0, chunk("fmt ", FORMAT), unpadded, chunk("data", SAMPLES)));
        assertDecoded(riff(0, chunk("fmt ", FORMAT), chunk("bext", new byte[602]), chunk("data", SAMPLES), unpadded));
        assertDecoded(riff(0, chunk("fmt ", FORMAT), chunk("data", SAMPLES), bytes(4, 1_001)));
        assertDecoded(riff(0, chunk("fmt ", FORMAT), chunk("data", SAMPLES), chunk("data", bytes(5, 10))));
    }

    @Test
    void formatsOfEachSizeAreRead() {
        assertDecoded(wave(Arrays.copyOf(FORMAT, 18), SAMPLES));
        assertDecoded(wave(extensible(PCM, 16, FORMAT.clone()), SAMPLES));
        // Fewer bits of the container count; those that do not are 0 and below.
        assertDecoded(wave(extensible(PCM, 12, FORMAT.clone()), SAMPLES));
        assertDecoded(wave(Arrays.copyOf(extensible(PCM, 16, FORMAT.clone()), 50), SAMPLES));
    }

    @Test
    void anIncompleteSampleAtTheEndIsLeftOut() {
        byte[] longer = Arrays.copyOf(SAMPLES, SAMPLES.length + 1);
        assertDecoded(riff(0, chunk("fmt ", FORMAT), header("data", 0xFFFF_FFFFL), longer));
        assertDecoded(riff(0, chunk("fmt ", FORMAT), header("data", longer.length), longer));
    }

    static Stream<Arguments> refused() {
        String pcm = " (expected: linear PCM of 8 or 16 bits)";
        return Stream.of(
                Arguments.of(wave(format(PCM, 1, 16_000, 16), SAMPLES), "16000 samples a second (expected: 8000)"),
                Arguments.of(
                        wave(format(PCM, 1, (int) 3_000_000_000L, 16), SAMPLES),
                        "3000000000 samples a second (expected: 8000)"),
                Arguments.of(wave(format(PCM, 3, RATE, 16), SAMPLES), "3 channels (expected: 1 or 2)"),
                Arguments.of(wave(format(PCM, 0, RATE, 16), SAMPLES), "0 channels (expected: 1 or 2)"),
                Arguments.of(wave(format(PCM, 1, RATE, 24), SAMPLES), "linear PCM of 24 bits" + pcm),
                Arguments.of(wave(format(PCM, 1, RATE, 0), SAMPLES), "linear PCM of 0 bits" + pcm),
                Arguments.of(wave(format(PCM, 1, RATE, 12), SAMPLES), "linear PCM of 12 bits" + pcm),
                Arguments.of(wave(format(3, 1, RATE, 32), SAMPLES), "floating point of 32 bits" + pcm),
                Arguments.of(wave(format(7, 1, RATE, 8), SAMPLES), "mu-law of 8 bits" + pcm),
                Arguments.of(wave(format(6, 1, RATE, 8), SAMPLES), "A-law of 8 bits" + pcm),
                Arguments.of(wave(format(2, 1, RATE, 4), SAMPLES), "ADPCM of 4 bits" + pcm),
                Arguments.of(wave(format(0x1234, 1, RATE, 16), SAMPLES), "format 0x1234 of 16 bits" + pcm),
                Arguments.of(
                        wave(extensible(3, 32, format(0, 1, RATE, 32)), SAMPLES), "floating point of 32 bits" + pcm),
                Arguments.of(wave(foreignSubformat(), SAMPLES), "samples of an unknown subformat" + pcm),
                Arguments.of(
                        wave(Arrays.copyOf(extensible(PCM, 16, FORMAT.clone()), 24), SAMPLES),
                        "an extensible fmt chunk of 24 bytes (expected: at least 40)"),
                Arguments.of(wave(blockAlign(FORMAT, 0), SAMPLES), "a block align of 0 (expected: 2 for 1 x 16 bits)"),
                Arguments.of(
                        wave(blockAlign(extensible(PCM, 16, FORMAT.clone()), 0), SAMPLES),
                        "a block align of 0 (expected: 2 for 1 x 16 bits)"),
                Arguments.of(wave(blockAlign(FORMAT, 3), SAMPLES), "a block align of 3 (expected: 2 for 1 x 16 bits)"),
                Arguments.of(wave(new byte[15], SAMPLES), "a fmt chunk of 15 bytes (expected: at least 16)"),
                Arguments.of(wave(FORMAT, new byte[0]), "0 samples (expected: at least 1)"),
                Arguments.of(wave(FORMAT, new byte[1]), "0 samples (expected: at least 1)"),
                Arguments.of(
                        riff(0, chunk("fmt ", FORMAT), header("data", 0), chunk("LIST", new byte[20])),
                        "0 samples (expected: at least 1)"),
                Arguments.of(
                        riff(0, chunk("data", SAMPLES), chunk("fmt ", FORMAT)),
                        "a data chunk without a fmt chunk before it (expected: fmt, then data)"),
                Arguments.of(
                        riff(0, chunk("fmt ", FORMAT)), "a file without a data chunk (expected: chunks fmt and data)"),
                Arguments.of(riff(0), "a file without a data chunk (expected: chunks fmt and data)"),
                Arguments.of(
                        riff(0, chunk("fmt ", FORMAT), header("LIST", 0xFFFF_FFFFL), SAMPLES),
                        "a chunk of 4294967295 bytes (expected: at most the 300 that follow)"));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void unsupportedFilesAreRefusedWithTheReason(byte[] file, String message) {
        assertRefused(() -> decode(file), Reason.INVALID_OBSERVATION, FIELD + message);
    }

    @Test
    void filesOfOtherFormatsAreRefusedByTheirFirstBytes() {
        String other = "a file without RIFF and WAVE at its start";
        byte[] wave = wave(FORMAT, SAMPLES);
        assertFileRefused(named(wave, "RF64", "WAVE"), "a file of format RF64");
        assertFileRefused(named(wave, "BW64", "WAVE"), "a file of format BW64");
        assertFileRefused(named(wave, "RIFX", "WAVE"), "a file of format RIFX");
        assertFileRefused(named(wave, "RIFF", "AVI "), other);
        assertFileRefused(named(wave, "FORM", "AIFF"), other);
        assertFileRefused("MThd\0\0\0\6\0\0\0\1".getBytes(StandardCharsets.ISO_8859_1), other);
        assertFileRefused("RIFF".getBytes(StandardCharsets.US_ASCII), other);
        assertRefused(
                () -> WaveFile.checkFile(new byte[0]),
                Reason.INVALID_OBSERVATION,
                FIELD + "0 bytes (expected: 1 to 4194304)");
        assertRefused(
                () -> WaveFile.checkFile(new byte[(4 << 20) + 1]),
                Reason.TOO_LARGE,
                FIELD + "4194305 bytes (expected: at most 4194304)");
    }

    @Test
    void truncatedFilesAreReadUpToTheirEndOrRefused() {
        byte[] file = wave(FORMAT, SAMPLES);
        float[] whole = decode(file);
        for (int length = 12; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            int samples = (length - 44) / 2;
            if (samples >= 1) {
                assertThat(decode(cut)).isEqualTo(Arrays.copyOf(whole, samples));
            } else {
                assertThat(refusal(cut)).isNotNull();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void corruptedHeadersAreEitherReadOrRefused(boolean extensible) {
        byte[] format = extensible ? extensible(PCM, 16, FORMAT.clone()) : FORMAT;
        byte[] file = riff(0, chunk("LIST", bytes(6, 5)), chunk("fmt ", format), chunk("data", SAMPLES));
        int header = file.length - SAMPLES.length;
        Random random = new Random(7);
        int refusals = 0;
        for (int trial = 0; trial < 20_000; trial++) {
            byte[] broken = file.clone();
            for (int k = 0; k < 1 + trial % 4; k++) {
                broken[12 + random.nextInt(header - 12)] = (byte) random.nextInt();
            }
            refusals += refusal(broken) != null ? 1 : 0;
        }
        assertThat(refusals).isBetween(5_000, 19_999);
    }

    private static void assertDecoded(byte[] file) {
        float[] expected = new float[SAMPLES.length / 2];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = (short) (SAMPLES[2 * i] & 0xFF | SAMPLES[2 * i + 1] << 8) / 32_768f;
        }
        assertThat(decode(file)).isEqualTo(expected);
    }

    private static void assertFileRefused(byte[] file, String what) {
        assertRefused(
                () -> WaveFile.checkFile(file),
                Reason.INVALID_OBSERVATION,
                FIELD + what + " (expected: a RIFF/WAVE file)");
    }

    private static Refused refusal(byte[] file) {
        try {
            decode(file);
            return null;
        } catch (Refused refused) {
            return refused;
        }
    }

    private static float[] decode(byte[] file) {
        WaveFile.checkFile(file);
        return WaveFile.decode(file, RATE, Integer.MAX_VALUE);
    }

    /** A file of a format and samples. */
    static byte[] wave(byte[] format, byte[] samples) {
        return riff(0, chunk("fmt ", format), chunk("data", samples));
    }

    /** The 16 bytes of a format. */
    static byte[] format(int tag, int channels, int rate, int bits) {
        int frame = channels * bits / 8;
        return littleEndian(16)
                .putShort((short) tag)
                .putShort((short) channels)
                .putInt(rate)
                .putInt(rate * frame)
                .putShort((short) frame)
                .putShort((short) bits)
                .array();
    }

    private static byte[] extensible(int tag, int validBits, byte[] format) {
        ByteBuffer bytes = littleEndian(40).put(format);
        bytes.putShort((short) 22).putShort((short) validBits).putInt(4).putShort((short) tag);
        bytes.put(new byte[] {0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xAA, 0, 0x38, (byte) 0x9B, 0x71});
        return bytes.putShort(0, (short) 0xFFFE).array();
    }

    private static byte[] foreignSubformat() {
        byte[] format = extensible(PCM, 16, FORMAT.clone());
        format[39] = 0;
        return format;
    }

    private static byte[] blockAlign(byte[] format, int blockAlign) {
        byte[] changed = format.clone();
        changed[12] = (byte) blockAlign;
        return changed;
    }

    private static byte[] chunk(String id, byte[] content) {
        ByteBuffer bytes = littleEndian(8 + content.length + (content.length & 1));
        return bytes.put(header(id, content.length)).put(content).array();
    }

    private static byte[] header(String id, long size) {
        return littleEndian(8)
                .put(id.getBytes(StandardCharsets.US_ASCII))
                .putInt((int) size)
                .array();
    }

    private static byte[] riff(int size, byte[]... pieces) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(header("RIFF", size));
        file.writeBytes("WAVE".getBytes(StandardCharsets.US_ASCII));
        for (byte[] piece : pieces) {
            file.writeBytes(piece);
        }
        return file.toByteArray();
    }

    private static byte[] named(byte[] file, String container, String form) {
        byte[] changed = file.clone();
        System.arraycopy(container.getBytes(StandardCharsets.US_ASCII), 0, changed, 0, 4);
        System.arraycopy(form.getBytes(StandardCharsets.US_ASCII), 0, changed, 8, 4);
        return changed;
    }

    /** No byte is 0, so that none looks like padding. */
    private static byte[] bytes(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        for (int i = 0; i < count; i++) {
            bytes[i] |= 1;
        }
        return bytes;
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
