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
import dev.reservoir.heads.Refused;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageReaderTest {
    private static final String ENCODED = "observation.image.encoded: ";
    private static final ModalitySpec.Image GREY = new ModalitySpec.Image(12, 8, 1, 4);
    private static final ModalitySpec.Image COLOUR = new ModalitySpec.Image(12, 8, 3, 2);

    @Test
    void patchesContainTheirPixelsRowByRow() {
        byte[] samples = noise(1, 12 * 8 * 3);
        ObservationRows reading = Fixtures.read(new ImageReader(COLOUR), new Observation.RawImage(samples));
        assertThat(reading.rows()).isEqualTo(24);
        for (int y = 0; y < 8; y++) {
            for (int x = 0; x < 12; x++) {
                for (int c = 0; c < 3; c++) {
                    int token = (y / 2) * 6 + x / 2;
                    int place = ((y % 2) * 2 + x % 2) * 3 + c;
                    int sample = samples[(y * 12 + x) * 3 + c] & 0xFF;
                    assertThat(reading.values()[token * 12 + place]).isEqualTo(sample / 127.5f - 1);
                }
            }
        }
        assertThat(reading.values()).contains(-1f).doesNotContain(Float.NaN);
    }

    @Test
    void pngOfColourEqualsItsSamples() {
        byte[] samples = noise(2, 12 * 8 * 3);
        byte[] file = file(picture(BufferedImage.TYPE_INT_RGB, samples), "png");
        assertThat(Fixtures.read(new ImageReader(COLOUR), new Observation.EncodedImage(file))
                        .values())
                .isEqualTo(Fixtures.read(new ImageReader(COLOUR), new Observation.RawImage(samples))
                        .values());
    }

    @Test
    void pngOfGreyEqualsItsSamplesWithoutAGammaCurve() {
        byte[] samples = noise(3, 12 * 8);
        BufferedImage picture = new BufferedImage(12, 8, BufferedImage.TYPE_BYTE_GRAY);
        picture.getRaster().setDataElements(0, 0, 12, 8, samples);
        byte[] file = file(picture, "png");
        assertThat(PictureFile.decode(file, 12, 8, 1)).isEqualTo(samples);
        byte[] tripled = PictureFile.decode(file, 12, 8, 3);
        for (int i = 0; i < tripled.length; i++) {
            assertThat(tripled[i]).isEqualTo(samples[i / 3]);
        }
    }

    @Test
    void pngOfGreyInSixteenBitsKeepsTheUpperEight() {
        BufferedImage picture = new BufferedImage(12, 8, BufferedImage.TYPE_USHORT_GRAY);
        picture.getRaster().setSample(5, 6, 0, 0xABCD);
        byte[] decoded = PictureFile.decode(file(picture, "png"), 12, 8, 1);
        assertThat(decoded[6 * 12 + 5]).isEqualTo((byte) 0xAB);
        assertThat(decoded[0]).isZero();
    }

    @Test
    void paletteAndOneBitPicturesAreConverted() {
        byte[] levels = {10, 60, (byte) 200, (byte) 250};
        IndexColorModel palette = new IndexColorModel(2, 4, levels, new byte[4], levels);
        BufferedImage picture = new BufferedImage(12, 8, BufferedImage.TYPE_BYTE_INDEXED, palette);
        picture.getRaster().setSample(3, 2, 0, 2);
        byte[] decoded = PictureFile.decode(file(picture, "png"), 12, 8, 3);
        assertThat(Arrays.copyOfRange(decoded, (2 * 12 + 3) * 3, (2 * 12 + 4) * 3))
                .containsExactly((byte) 200, 0, (byte) 200);
        BufferedImage bits = new BufferedImage(12, 8, BufferedImage.TYPE_BYTE_BINARY);
        bits.getRaster().setSample(1, 0, 0, 1);
        byte[] grey = PictureFile.decode(file(bits, "png"), 12, 8, 1);
        assertThat(grey[1]).isEqualTo((byte) 255);
        assertThat(grey[0]).isZero();
    }

    @Test
    void greyOfColourIsLuma() {
        byte[] samples = noise(4, 12 * 8 * 3);
        byte[] grey = PictureFile.decode(file(picture(BufferedImage.TYPE_INT_RGB, samples), "png"), 12, 8, 1);
        for (int i = 0; i < grey.length; i++) {
            double luma = 0.299 * (samples[3 * i] & 0xFF)
                    + 0.587 * (samples[3 * i + 1] & 0xFF)
                    + 0.114 * (samples[3 * i + 2] & 0xFF);
            assertThat((double) (grey[i] & 0xFF)).isCloseTo(luma, within(0.501));
        }
    }

    @Test
    void jpegIsDecodedWithinItsLoss() {
        BufferedImage picture = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < 16; y++) {
            for (int x = 0; x < 16; x++) {
                picture.getRaster().setSample(x, y, 0, 8 * x + 7 * y);
            }
        }
        byte[] decoded = PictureFile.decode(file(picture, "jpeg"), 16, 16, 1);
        for (int i = 0; i < decoded.length; i++) {
            assertThat((double) (decoded[i] & 0xFF)).isCloseTo(8 * (i % 16) + 7 * (i / 16), within(6.0));
        }
    }

    @Test
    void otherModalitiesAreRefused() {
        assertRefused(
                () -> new ImageReader(GREY).admit(new Observation.Text("a picture")),
                Reason.WRONG_MODALITY,
                "observation: text (expected: image)");
    }

    @Test
    void rawSamplesOfAnotherSizeAreRefused() {
        ImageReader reader = new ImageReader(COLOUR);
        for (int bytes : new int[] {0, 287, 289}) {
            assertRefused(
                    () -> reader.admit(new Observation.RawImage(new byte[bytes])),
                    Reason.INVALID_OBSERVATION,
                    "observation.image.raw: " + bytes + " bytes (expected: 288 bytes for 12 x 8 x 3)");
        }
    }

    @Test
    void filesOfNoBytesOrTooManyAreRefusedBeforeTheyAreDecoded() {
        assertRefused(
                () -> admit(new byte[0]), Reason.INVALID_OBSERVATION, ENCODED + "0 bytes (expected: 1 to 4194304)");
        byte[] huge = Arrays.copyOf(file(new BufferedImage(12, 8, BufferedImage.TYPE_BYTE_GRAY), "png"), (4 << 20) + 1);
        assertRefused(() -> admit(huge), Reason.TOO_LARGE, ENCODED + "4194305 bytes (expected: at most 4194304)");
    }

    @Test
    void otherFormatsAreRefusedByTheirFirstBytes() {
        byte[] gif = file(new BufferedImage(12, 8, BufferedImage.TYPE_BYTE_GRAY), "gif");
        assertRefused(
                () -> admit(gif),
                Reason.INVALID_OBSERVATION,
                ENCODED + "a file that begins 0x4749463839610C00 (expected: a PNG or JPEG file)");
        assertRefused(
                () -> admit(new byte[] {(byte) 0x89, 'P'}),
                Reason.INVALID_OBSERVATION,
                ENCODED + "a file that begins 0x8950000000000000 (expected: a PNG or JPEG file)");
    }

    @Test
    void picturesOfAnotherSizeAreRefused() {
        byte[] file = file(new BufferedImage(13, 8, BufferedImage.TYPE_BYTE_GRAY), "jpeg");
        assertRefused(() -> read(file), Reason.INVALID_OBSERVATION, ENCODED + "13 x 8 pixels (expected: 12 x 8)");
    }

    @Test
    void headerOfADecompressionBombIsRefusedWithoutDecoding() {
        ByteBuffer header =
                ByteBuffer.allocate(13).putInt(60_000).putInt(60_000).put(new byte[] {16, 6, 0, 0, 0});
        byte[] file = png(chunk("IHDR", header.array()), chunk("IDAT", new byte[20]), chunk("IEND", new byte[0]));
        assertRefused(
                () -> read(file), Reason.INVALID_OBSERVATION, ENCODED + "60000 x 60000 pixels (expected: 12 x 8)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg"})
    void truncatedFilesAreRefusedWhereverTheyEnd(String format) {
        byte[] file = file(picture(BufferedImage.TYPE_INT_RGB, noise(5, 12 * 8 * 3)), format);
        // The last 20 bytes of a PNG are checksums and the end mark.
        for (int length = 8; length < file.length - 20; length += 7) {
            byte[] cut = Arrays.copyOf(file, length);
            try {
                read(cut);
                throw new AssertionError(format + " cut to " + length + " of " + file.length + " bytes was read");
            } catch (Refused refused) {
                assertThat(refused.reason()).isEqualTo(Reason.INVALID_OBSERVATION);
                assertThat(refused)
                        .hasMessageStartingWith(
                                ENCODED + "a " + format.toUpperCase(java.util.Locale.ROOT) + " that cannot be read: ")
                        .hasMessageEndingWith("(expected: a sound PNG or JPEG file)");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpeg"})
    void corruptedFilesAreEitherReadOrRefused(String format) {
        byte[] file = file(picture(BufferedImage.TYPE_INT_RGB, noise(6, 12 * 8 * 3)), format);
        Random random = new Random(7);
        int refusals = 0;
        for (int trial = 0; trial < 500; trial++) {
            byte[] broken = file.clone();
            for (int k = 0; k < 3; k++) {
                broken[8 + random.nextInt(broken.length - 8)] = (byte) random.nextInt();
            }
            try {
                read(broken);
            } catch (Refused refused) {
                refusals++;
            }
        }
        assertThat(refusals).isPositive();
    }

    private static void admit(byte[] file) {
        new ImageReader(GREY).admit(new Observation.EncodedImage(file));
    }

    private static void read(byte[] file) {
        Fixtures.read(new ImageReader(GREY), new Observation.EncodedImage(file));
    }

    private static byte[] noise(long seed, int count) {
        byte[] samples = new byte[count];
        new Random(seed).nextBytes(samples);
        samples[0] = 0;
        return samples;
    }

    private static BufferedImage picture(int type, byte[] samples) {
        BufferedImage picture = new BufferedImage(12, 8, type);
        for (int i = 0; i < 12 * 8; i++) {
            int rgb = (samples[3 * i] & 0xFF) << 16 | (samples[3 * i + 1] & 0xFF) << 8 | samples[3 * i + 2] & 0xFF;
            picture.setRGB(i % 12, i / 12, rgb);
        }
        return picture;
    }

    private static byte[] file(BufferedImage picture, String format) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            assertThat(ImageIO.write(picture, format, bytes)).isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] png(byte[]... chunks) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
        for (byte[] chunk : chunks) {
            bytes.writeBytes(chunk);
        }
        return bytes.toByteArray();
    }

    private static byte[] chunk(String type, byte[] data) {
        byte[] typed = ByteBuffer.allocate(4 + data.length)
                .put(type.getBytes(StandardCharsets.US_ASCII))
                .put(data)
                .array();
        CRC32 crc = new CRC32();
        crc.update(typed);
        return ByteBuffer.allocate(8 + typed.length)
                .putInt(data.length)
                .put(typed)
                .putInt((int) crc.getValue())
                .array();
    }
}
