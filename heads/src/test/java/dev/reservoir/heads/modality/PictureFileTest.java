// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.modality.Fixtures.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Decoded pictures against what the reference decoders give; {@code pictures/README.md} describes how the files were
 * made.
 */
final class PictureFileTest {
    private static final String UNREADABLE = "observation.image.encoded: a JPEG that cannot be read: ";
    private static final int WIDTH = 16;
    private static final int HEIGHT = 24;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ycc444.jpg",
                "ycc422.jpg",
                "ycc420.jpg",
                "ycc411.jpg",
                "ycc440.jpg",
                "grey-jpeg.jpg",
                "progressive.jpg",
                "optimized.jpg",
                "restart.jpg",
                "arithmetic.jpg",
                "rgb-components.jpg"
            })
    void jpegsOfAllProcessesAreDecodedToTheBit(String name) {
        assertDecoded(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "unmarked444.jpg", "unmarked420.jpg", "exif-only.jpg", "ids-rgb.jpg", "ids-012.jpg",
                "jfif-ids-rgb.jpg", "adobe0.jpg", "adobe1.jpg", "adobe2.jpg", "jfif-adobe0.jpg"
            })
    void jpegColoursFollowMarkersOrElseComponents(String name) {
        assertDecoded(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"cmyk.jpg", "cmyk-unmarked.jpg", "cmyk-icc.jpg", "cmyk-half.jpg", "cmyk-half-ink.jpg", "ycck.jpg"
            })
    void cmykInkValuesAreInverted(String name) {
        assertDecoded(name);
    }

    @Test
    void halfOfTheInkIsHalfOfTheLight() {
        byte[] decoded = PictureFile.decode(file("cmyk-half.jpg"), WIDTH, HEIGHT, 1);
        for (byte sample : decoded) {
            assertThat(sample & 0xFF).isEqualTo(127);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "icc-srgb.jpg",
                "icc-swapped.jpg",
                "icc-xyz.jpg",
                "icc-broken.jpg",
                "icc-srgb-grey.jpg",
                "icc-lab-grey.jpg",
                "icc-swapped-png.png",
                "gamma.png"
            })
    void colourProfilesChangeNothing(String name) {
        assertDecoded(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stray-before-dqt.jpg",
                "stray3-before-dqt.jpg",
                "stray-before-sos.jpg",
                "stray-before-eoi.jpg",
                "fill-before-dqt.jpg",
                "trailer.jpg",
                "trailer-jpeg.jpg",
                "trailer-png.png",
                "comment-sos.jpg"
            })
    void strayBytesBetweenSegmentsAreSkipped(String name) {
        assertDecoded(name);
    }

    @Test
    void exifOrientationIsIgnored() {
        assertDecoded("exif-orientation.jpg");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.png",
                "rgb16.png",
                "rgba.png",
                "rgb-trns.png",
                "interlaced.png",
                "palette.png",
                "palette-trns.png",
                "grey.png",
                "grey1.png",
                "grey2.png",
                "grey4.png",
                "grey16.png",
                "grey-alpha.png",
                "grey-trns.png"
            })
    void pngsOfAllKindsAreDecodedToTheBit(String name) {
        assertDecoded(name);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void pngAndJpegOfTheSamePixelsGiveTheSameSamples(int channels) {
        assertThat(PictureFile.decode(file("same-pixels-as-ycc420.png"), WIDTH, HEIGHT, channels))
                .isEqualTo(PictureFile.decode(file("ycc420.jpg"), WIDTH, HEIGHT, channels));
    }

    @Test
    void onlyRealScansAreCounted() {
        byte[] sound = file("ycc444.jpg");
        byte[] scan = HexFormat.of().parseHex("ffda0002");
        byte[] file = inserted(sound, sound.length - 2, scan, 64);
        assertThat(JpegMarkers.of(sound).scans()).isEqualTo(1);
        assertThat(JpegMarkers.of(file("progressive.jpg")).scans()).isEqualTo(10);
        assertThat(JpegMarkers.of(file("trailer.jpg")).scans()).isEqualTo(1);
        assertThat(JpegMarkers.of(file("comment-sos.jpg")).scans()).isEqualTo(1);
        assertRefused(
                () -> PictureFile.decode(file, WIDTH, HEIGHT, 3),
                Reason.TOO_LARGE,
                "observation.image.encoded: 65 scans (expected: at most 64)");
    }

    @Test
    void unreadableFilesAreRefusedWithTheReason() {
        byte[] sound = file("ycc444.jpg");
        int frame = indexOf(sound, 0xC0);
        byte[] precise = sound.clone();
        precise[frame + 4] = 12;
        assertJpegRefused(precise, "Unsupported JPEG data precision 12");
        byte[] lossless = sound.clone();
        lossless[frame + 1] = (byte) 0xC3;
        assertJpegRefused(lossless, "Unsupported JPEG process: SOF type 0xc3");
        assertJpegRefused(HexFormat.of().parseHex("ffd8ffd9"), "No image data present to read");
        byte[] incomplete = Arrays.copyOf(sound, sound.length - 100);
        incomplete[incomplete.length - 2] = (byte) 0xFF;
        incomplete[incomplete.length - 1] = (byte) 0xD9;
        assertJpegRefused(incomplete, "Corrupt JPEG data: premature end of data segment");
    }

    private static void assertJpegRefused(byte[] file, String why) {
        assertRefused(
                () -> PictureFile.decode(file, WIDTH, HEIGHT, 3),
                Reason.INVALID_OBSERVATION,
                UNREADABLE + why + " (expected: a sound PNG or JPEG file)");
    }

    private static void assertDecoded(String name) {
        byte[] expected = file(name.substring(0, name.lastIndexOf('.')) + ".rgb");
        assertThat(PictureFile.decode(file(name), WIDTH, HEIGHT, 3)).isEqualTo(expected);
        byte[] luma = new byte[expected.length / 3];
        for (int i = 0; i < luma.length; i++) {
            luma[i] = (byte) Math.round(0.299 * (expected[3 * i] & 0xFF)
                    + 0.587 * (expected[3 * i + 1] & 0xFF)
                    + 0.114 * (expected[3 * i + 2] & 0xFF));
        }
        assertThat(PictureFile.decode(file(name), WIDTH, HEIGHT, 1)).isEqualTo(luma);
    }

    private static int indexOf(byte[] file, int marker) {
        for (int i = 0; ; i++) {
            if (file[i] == (byte) 0xFF && file[i + 1] == (byte) marker) {
                return i;
            }
        }
    }

    private static byte[] inserted(byte[] file, int position, byte[] piece, int times) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(file, 0, position);
        for (int i = 0; i < times; i++) {
            bytes.writeBytes(piece);
        }
        bytes.write(file, position, file.length - position);
        return bytes.toByteArray();
    }

    private static byte[] file(String name) {
        try (InputStream stream = PictureFileTest.class.getResourceAsStream("/pictures/" + name)) {
            return Objects.requireNonNull(stream, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
