// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import java.util.Arrays;

/**
 * What a JPEG file's markers say about its components (ITU-T T.81, annex B), found as libjpeg finds them: bytes between
 * two segments that belong to none are skipped.
 */
final class JpegMarkers {
    /** How the components of a picture encode its colours. */
    enum Colours {
        GREY,
        RGB,
        YCBCR,
        CMYK,
        YCCK
    }

    /** Each scan of a progressive JPEG traverses the whole picture again; encoders write about ten. */
    static final int MAX_SCANS = 64;

    private static final int STUFFED_ZERO = 0x00;
    private static final int TEMPORARY = 0x01;
    private static final int FIRST_FRAME = 0xC0;
    private static final int LAST_FRAME = 0xCF;
    private static final int HUFFMAN_TABLES = 0xC4;
    private static final int RESERVED_FRAME = 0xC8;
    private static final int ARITHMETIC_CONDITIONING = 0xCC;
    private static final int FIRST_RESTART = 0xD0;
    private static final int START_OF_IMAGE = 0xD8;
    private static final int END_OF_IMAGE = 0xD9;
    private static final int START_OF_SCAN = 0xDA;
    private static final int JFIF = 0xE0;
    private static final int ADOBE = 0xEE;

    private final byte[] file;
    private int[] componentIds = {};
    private boolean jfif;
    /** The transform of the Adobe marker; -1 without one. */
    private int adobeTransform = -1;

    private int scans;

    private JpegMarkers(byte[] file) {
        this.file = file;
    }

    /** Reads the markers up to the end of the image; what follows is no part of it. */
    static JpegMarkers of(byte[] file) {
        JpegMarkers markers = new JpegMarkers(file);
        markers.walk();
        return markers;
    }

    int scans() {
        return scans;
    }

    /**
     * The encoding of the colours, decided as libjpeg's {@code default_decompress_parms} does.
     *
     * @param components of the decoded picture: 1, 3 or 4
     */
    Colours colours(int components) {
        return switch (components) {
            case 1 -> Colours.GREY;
            case 3 -> {
                boolean lettered = Arrays.equals(componentIds, new int[] {'R', 'G', 'B'});
                boolean rgb = !jfif && (adobeTransform >= 0 ? adobeTransform == 0 : lettered);
                yield rgb ? Colours.RGB : Colours.YCBCR;
            }
            case 4 -> adobeTransform > 0 ? Colours.YCCK : Colours.CMYK;
            default ->
                throw ObservationChecks.invalid(
                        PictureFile.FIELD, "a JPEG of " + components + " components", "1, 3 or 4");
        };
    }

    private void walk() {
        int position = 2;
        while (position + 1 < file.length) {
            int marker = file[position + 1] & 0xFF;
            if (file[position] != (byte) 0xFF || marker == STUFFED_ZERO || marker == 0xFF) {
                // Entropy-coded data, stray bytes, or bytes that fill up to a marker.
                position++;
                continue;
            }
            position += 2;
            if (marker == END_OF_IMAGE) {
                return;
            }
            boolean alone = marker == TEMPORARY || (marker >= FIRST_RESTART && marker <= START_OF_IMAGE);
            if (!alone && position + 1 < file.length) {
                int length = (file[position] & 0xFF) << 8 | file[position + 1] & 0xFF;
                segment(marker, position + 2, Math.min(position + length, file.length));
                position += Math.max(2, length);
            }
        }
    }

    /** The content of a segment is {@code [start, end)}. */
    private void segment(int marker, int start, int end) {
        if (marker == START_OF_SCAN) {
            scans++;
        } else if (marker == JFIF) {
            jfif |= end - start >= 14 && startsWith("JFIF\0", start);
        } else if (marker == ADOBE && end - start >= 12 && startsWith("Adobe", start)) {
            adobeTransform = file[start + 11] & 0xFF;
        } else if (isFrame(marker) && end - start >= 6) {
            int count = Math.min(file[start + 5] & 0xFF, (end - start - 6) / 3);
            componentIds = new int[count];
            for (int i = 0; i < count; i++) {
                componentIds[i] = file[start + 6 + 3 * i] & 0xFF;
            }
        }
    }

    private static boolean isFrame(int marker) {
        return marker >= FIRST_FRAME
                && marker <= LAST_FRAME
                && marker != HUFFMAN_TABLES
                && marker != RESERVED_FRAME
                && marker != ARITHMETIC_CONDITIONING;
    }

    private boolean startsWith(String text, int start) {
        for (int i = 0; i < text.length(); i++) {
            if (file[start + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
