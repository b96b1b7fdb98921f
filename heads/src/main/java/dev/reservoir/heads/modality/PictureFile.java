package dev.reservoir.heads.modality;

import dev.reservoir.heads.Refused;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
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
 * PNG and JPEG files to samples. What a file may cost is bounded before it is decoded: its bytes, its format by its first bytes, its size
 * by its header (it must be the expected one) and the scans of a JPEG; metadata, which may hide compressed text, is not read.
 */
final class PictureFile {
    private static final String FIELD = "observation.image.encoded";
    private static final long PNG_SIGNATURE = 0x89504E470D0A1A0AL;
    /** Each scan of a progressive JPEG goes over the whole picture again; encoders write about ten. */
    private static final int MAX_SCANS = 64;

    private PictureFile() {}

    /** Refuses files that are too large or neither PNG nor JPEG by their first bytes. */
    static void checkFile(byte[] file) {
        ObservationChecks.checkBytes(FIELD, file);
        format(file);
    }

    /** Samples {@code [height, width, channels]}; transparency is ignored, grey of colour is its luma (ITU-R BT.601). */
    static byte[] decode(byte[] file, int width, int height, int channels) {
        checkFile(file);
        String format = format(file);
        if (format.equals("JPEG")) {
            checkScans(file);
        }
        BufferedImage picture;
        try {
            picture = read(file, format, width, height);
        } catch (Refused e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // The library answers broken files with any exception.
            throw unreadable(format, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        }
        byte[] samples = new byte[height * width * channels];
        if (isGrey(picture.getColorModel())) {
            copyGrey(picture, channels, samples);
        } else {
            copyColour(picture, channels, samples);
        }
        return samples;
    }

    private static BufferedImage read(byte[] file, String format, int width, int height) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
        try (ImageInputStream stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            List<String> warnings = new ArrayList<>();
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(stream, true, true);
            int foundWidth = reader.getWidth(0);
            int foundHeight = reader.getHeight(0);
            if (foundWidth != width || foundHeight != height) {
                throw ObservationChecks.invalid(
                        FIELD, foundWidth + " x " + foundHeight + " pixels", width + " x " + height);
            }
            BufferedImage picture = reader.read(0);
            for (String warning : warnings) {
                if (warning.contains("Premature") || warning.contains("Corrupt")) {
                    throw unreadable(format, warning);
                }
            }
            return picture;
        } finally {
            reader.dispose();
        }
    }

    private static RuntimeException unreadable(String format, String why) {
        return ObservationChecks.invalid(
                FIELD, "a " + format + " that cannot be read: " + why, "a sound PNG or JPEG file");
    }

    private static String format(byte[] file) {
        long first = 0;
        for (int i = 0; i < 8; i++) {
            first = first << 8 | (i < file.length ? file[i] & 0xFF : 0);
        }
        if (first == PNG_SIGNATURE) {
            return "PNG";
        }
        if (first >>> 40 == 0xFFD8FF) {
            return "JPEG";
        }
        throw ObservationChecks.invalid(
                FIELD, String.format("a file that begins 0x%016X", first), "a PNG or JPEG file");
    }

    private static void checkScans(byte[] file) {
        int scans = 0;
        for (int i = 0; i + 1 < file.length; i++) {
            if (file[i] == (byte) 0xFF && file[i + 1] == (byte) 0xDA) {
                scans++;
            }
        }
        if (scans > MAX_SCANS) {
            throw ObservationChecks.tooLarge(FIELD, scans + " scans", "at most " + MAX_SCANS);
        }
    }

    /** Grey that is held as samples of its own, and not as a palette. */
    private static boolean isGrey(ColorModel model) {
        return model instanceof ComponentColorModel && model.getColorSpace().getType() == ColorSpace.TYPE_GRAY;
    }

    /** The samples themselves: {@link BufferedImage#getRGB} would pass them through a linear grey space and change them. */
    private static void copyGrey(BufferedImage picture, int channels, byte[] samples) {
        Raster raster = picture.getRaster();
        int shift = picture.getColorModel().getComponentSize(0) - 8;
        int[] row = new int[raster.getWidth()];
        int next = 0;
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getSamples(0, y, row.length, 1, 0, row);
            for (int value : row) {
                for (int c = 0; c < channels; c++) {
                    samples[next++] = (byte) (value >> shift);
                }
            }
        }
    }

    private static void copyColour(BufferedImage picture, int channels, byte[] samples) {
        int[] row = new int[picture.getWidth()];
        int next = 0;
        for (int y = 0; y < picture.getHeight(); y++) {
            picture.getRGB(0, y, row.length, 1, row, 0, row.length);
            for (int pixel : row) {
                int red = pixel >> 16 & 0xFF;
                int green = pixel >> 8 & 0xFF;
                int blue = pixel & 0xFF;
                if (channels == 1) {
                    samples[next++] = (byte) ((299 * red + 587 * green + 114 * blue + 500) / 1000);
                } else {
                    samples[next++] = (byte) red;
                    samples[next++] = (byte) green;
                    samples[next++] = (byte) blue;
                }
            }
        }
    }
}
