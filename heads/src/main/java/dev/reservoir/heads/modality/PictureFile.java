// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * PNG and JPEG files to samples. What a file may cost is bounded before it is decoded: its bytes, its format by its
 * first bytes, its size by its header (it must be the expected one) and the scans of a JPEG. Metadata, which may hide
 * compressed text, is not read.
 *
 * <p>Samples are exactly those that the file stores: colour profiles, gamma, transparency and the orientation of EXIF
 * change nothing. So a PNG and a JPEG of equal pixels yield equal samples, which are those of libjpeg and libpng.
 */
final class PictureFile {
    static final String FIELD = "observation.image.encoded";

    private static final long PNG_SIGNATURE = 0x89504E470D0A1A0AL;

    private PictureFile() {}

    private enum Format {
        PNG,
        JPEG
    }

    /** Refuses files that are too large or neither PNG nor JPEG by their first bytes. */
    static void checkFile(byte[] file) {
        ObservationChecks.checkBytes(FIELD, file);
        format(file);
    }

    /** Samples {@code [height, width, channels]} of a checked file; grey of colour is its luma (ITU-R BT.601). */
    static byte[] decode(byte[] file, int width, int height, int channels) {
        Format format = format(file);
        Samples samples = new Samples(width * height, channels);
        try {
            switch (format) {
                case PNG -> readPng(file, width, height, samples);
                case JPEG -> readJpeg(file, width, height, samples);
            }
        } catch (Refused e) {
            throw e;
        } catch (IOException | RuntimeException | StackOverflowError e) {
            // The library may throw any exception for malformed files.
            String why = e.getMessage();
            throw unreadable(format, why == null ? "it is malformed" : why);
        } catch (LinkageError e) {
            throw new Refused(
                    Reason.INTERNAL, FIELD + ": a runtime that decodes no pictures (expected: one with java.desktop)");
        }
        return samples.bytes;
    }

    private static void readPng(byte[] file, int width, int height, Samples samples) throws IOException {
        try (Decoder decoder = new Decoder(Format.PNG, file)) {
            decoder.checkSize(width, height);
            BufferedImage picture = decoder.reader.read(0);
            decoder.checkWarnings();
            if (picture.getColorModel() instanceof ComponentColorModel model) {
                samples.addComponents(
                        picture.getRaster(), model.getNumColorComponents(), model.getComponentSize(0) - 8);
            } else {
                samples.addColours(picture);
            }
        }
    }

    private static void readJpeg(byte[] file, int width, int height, Samples samples) throws IOException {
        JpegMarkers markers = JpegMarkers.of(file);
        if (markers.scans() > JpegMarkers.MAX_SCANS) {
            throw ObservationChecks.tooLarge(FIELD, markers.scans() + " scans", "at most " + JpegMarkers.MAX_SCANS);
        }
        try (Decoder decoder = new Decoder(Format.JPEG, file)) {
            decoder.checkSize(width, height);
            // As stored: the reader's own conversions guess the colours of unmarked files and apply profiles.
            Raster components = decoder.reader.readRaster(0, null);
            decoder.checkWarnings();
            switch (markers.colours(components.getNumBands())) {
                case GREY -> samples.addComponents(components, 1, 0);
                case RGB -> samples.addComponents(components, 3, 0);
                case YCBCR -> samples.addYcbcr(components);
                case CMYK -> samples.addCmyk(components);
                case YCCK -> samples.addYcck(components);
            }
        }
    }

    private static Refused unreadable(Format format, String why) {
        return ObservationChecks.invalid(
                FIELD, "a " + format + " that cannot be read: " + why, "a sound PNG or JPEG file");
    }

    private static Format format(byte[] file) {
        long first = 0;
        for (int i = 0; i < 8; i++) {
            first = first << 8 | (i < file.length ? file[i] & 0xFF : 0);
        }
        if (first == PNG_SIGNATURE) {
            return Format.PNG;
        }
        if (first >>> 40 == 0xFFD8FF) {
            return Format.JPEG;
        }
        throw ObservationChecks.invalid(
                FIELD, String.format("a file that begins 0x%016X", first), "a PNG or JPEG file");
    }

    /** A reader of one file. */
    private static final class Decoder implements AutoCloseable {
        private final Format format;
        private final ImageReader reader;
        private final ImageInputStream stream;
        private final List<String> warnings = new ArrayList<>();

        Decoder(Format format, byte[] file) {
            this.format = format;
            this.reader = ImageIO.getImageReadersByFormatName(format.name()).next();
            this.stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file));
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(stream, true, true);
        }

        void checkSize(int width, int height) throws IOException {
            int foundWidth = reader.getWidth(0);
            int foundHeight = reader.getHeight(0);
            if (foundWidth != width || foundHeight != height) {
                throw ObservationChecks.invalid(
                        FIELD, foundWidth + " x " + foundHeight + " pixels", width + " x " + height);
            }
        }

        /** Refuses a picture that is damaged or incomplete; stray bytes between its segments are harmless. */
        void checkWarnings() {
            for (String warning : warnings) {
                boolean damaged = warning.contains("Premature") || warning.contains("Corrupt");
                if (damaged && !warning.contains("extraneous bytes")) {
                    throw unreadable(format, warning);
                }
            }
        }

        @Override
        public void close() throws IOException {
            reader.dispose();
            stream.close();
        }
    }

    /** Samples of a picture with the requested number of channels, pixel after pixel. */
    private static final class Samples {
        private final byte[] bytes;
        private final int channels;
        private int next;

        Samples(int pixels, int channels) {
            this.bytes = new byte[pixels * channels];
            this.channels = channels;
        }

        /** Grey or red, green and blue; bands beyond those are transparency. */
        void addComponents(Raster raster, int colours, int shift) {
            forEachPixel(raster, pixel -> {
                if (colours == 1) {
                    addGrey(pixel[0] >> shift);
                } else {
                    add(pixel[0] >> shift, pixel[1] >> shift, pixel[2] >> shift);
                }
            });
        }

        /** Colours of a palette. */
        void addColours(BufferedImage picture) {
            int[] row = new int[picture.getWidth()];
            for (int y = 0; y < picture.getHeight(); y++) {
                picture.getRGB(0, y, row.length, 1, row, 0, row.length);
                for (int pixel : row) {
                    add(pixel >> 16 & 0xFF, pixel >> 8 & 0xFF, pixel & 0xFF);
                }
            }
        }

        void addYcbcr(Raster raster) {
            forEachPixel(raster, pixel -> {
                int red = red(pixel);
                int green = green(pixel);
                add(red, green, blue(pixel));
            });
        }

        /** CMYK files store inverted ink values, by Adobe's convention, which all encoders follow. */
        void addCmyk(Raster raster) {
            forEachPixel(raster, pixel -> addInk(pixel[0], pixel[1], pixel[2], pixel[3]));
        }

        void addYcck(Raster raster) {
            forEachPixel(raster, pixel -> addInk(255 - red(pixel), 255 - green(pixel), 255 - blue(pixel), pixel[3]));
        }

        private void addInk(int cyan, int magenta, int yellow, int black) {
            add(product(cyan, black), product(magenta, black), product(yellow, black));
        }

        private void add(int red, int green, int blue) {
            if (channels == 1) {
                bytes[next++] = (byte) ((299 * red + 587 * green + 114 * blue + 500) / 1000);
            } else {
                bytes[next++] = (byte) red;
                bytes[next++] = (byte) green;
                bytes[next++] = (byte) blue;
            }
        }

        private void addGrey(int grey) {
            for (int c = 0; c < channels; c++) {
                bytes[next++] = (byte) grey;
            }
        }

        private static void forEachPixel(Raster raster, PixelConsumer consumer) {
            int bands = raster.getNumBands();
            int[] row = new int[raster.getWidth() * bands];
            int[] pixel = new int[bands];
            for (int y = 0; y < raster.getHeight(); y++) {
                raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
                for (int at = 0; at < row.length; at += bands) {
                    System.arraycopy(row, at, pixel, 0, bands);
                    consumer.accept(pixel);
                }
            }
        }

        /** Conversions of ITU-R BT.601 at full range in 16 bits after the point, to the bit as libjpeg has them. */
        private static int red(int[] ycc) {
            return clamp(ycc[0] + (91_881 * (ycc[2] - 128) + 32_768 >> 16));
        }

        private static int green(int[] ycc) {
            return clamp(ycc[0] + (-22_554 * (ycc[1] - 128) - 46_802 * (ycc[2] - 128) + 32_768 >> 16));
        }

        private static int blue(int[] ycc) {
            return clamp(ycc[0] + (116_130 * (ycc[1] - 128) + 32_768 >> 16));
        }

        private static int clamp(int value) {
            return Math.max(0, Math.min(255, value));
        }

        /** The product of two numbers in [0, 1], as 255ths. */
        private static int product(int left, int right) {
            return (2 * left * right + 255) / 510;
        }
    }

    @FunctionalInterface
    private interface PixelConsumer {
        void accept(int[] pixel);
    }
}
