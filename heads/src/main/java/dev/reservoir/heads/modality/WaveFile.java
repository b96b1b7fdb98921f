// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.Refused;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * RIFF/WAVE files and bare samples of linear PCM to one channel of numbers from -1 to 1. A file is a sequence of
 * chunks: four characters, a size in 32 bits, that many bytes and a byte of padding if the size is odd. {@code fmt }
 * describes the samples, {@code data} contains them, all others are skipped ("Multimedia Programming Interface and Data
 * Specifications 1.0", IBM and Microsoft 1991; {@code WAVE_FORMAT_EXTENSIBLE}: Microsoft, "Multiple channel audio data
 * and WAVE files").
 *
 * <p>Programs that write to a pipe cannot seek back to fill in sizes, and leave 0, 0x7FFFFFFF, 0xFFFFFFFF or other
 * impossible ones. So the size of the whole file is ignored, and samples whose size is 0 or beyond the end of the file
 * end with the file.
 */
final class WaveFile {
    private static final String FIELD = "observation.audio.wav";
    private static final int HEADER_BYTES = 12;
    private static final int CHUNK_HEADER_BYTES = 8;

    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xFFFE;
    private static final int FORMAT_BYTES = 16;
    private static final int EXTENSIBLE_BYTES = 40;
    /** What follows the format's tag in a subformat, which is a GUID. */
    private static final String GUID_END = "000000001000800000aa00389b71";

    private final ByteBuffer file;

    private WaveFile(byte[] file) {
        this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Refuses files that are too large or not RIFF/WAVE by their first bytes. */
    static void checkFile(byte[] file) {
        ObservationChecks.checkBytes(FIELD, file);
        String container = ascii(file, 0);
        String form = ascii(file, 8);
        if (!container.equals("RIFF") || !form.equals("WAVE")) {
            boolean kin = form.equals("WAVE") && container.matches("RF64|BW64|RIFX");
            throw ObservationChecks.invalid(
                    FIELD,
                    kin ? "a file of format " + container : "a file without RIFF and WAVE at its start",
                    "a RIFF/WAVE file");
        }
    }

    /** At most {@code most} samples of a checked file that must have the given rate; stereo is averaged. */
    static float[] decode(byte[] file, int sampleRate, int most) {
        return new WaveFile(file).decode(sampleRate, most);
    }

    /**
     * Samples as numbers from -1 to 1; an incomplete one at the end is left out.
     *
     * @param bytes unsigned if of 8 bits, else signed and little-endian; channels interleaved
     * @param bits 8 or 16
     */
    static float[] samples(byte[] bytes, int bits, int channels, int most) {
        return samples(bytes, 0, bytes.length, new Format(bits, channels), most);
    }

    private float[] decode(int sampleRate, int most) {
        Format format = null;
        int position = HEADER_BYTES;
        while (position + CHUNK_HEADER_BYTES <= file.limit()) {
            String id = ascii(file.array(), position);
            long size = Integer.toUnsignedLong(file.getInt(position + Integer.BYTES));
            int start = position + CHUNK_HEADER_BYTES;
            int rest = file.limit() - start;
            if (id.equals("data")) {
                if (format == null) {
                    throw ObservationChecks.invalid(
                            FIELD, "a data chunk without a fmt chunk before it", "fmt, then data");
                }
                boolean toTheEnd = size > rest || (size == 0 && !isChunk(start));
                return data(start, toTheEnd ? rest : (int) size, format, most);
            }
            if (size > rest) {
                throw ObservationChecks.invalid(
                        FIELD, "a chunk of " + size + " bytes", "at most the " + rest + " that follow");
            }
            if (id.equals("fmt ")) {
                format = format(start, (int) size, sampleRate);
            }
            position = start + (int) size;
            // Padding is 0; anything else is the next chunk, written by a program that does not pad.
            if ((size & 1) == 1 && position < file.limit() && file.get(position) == 0) {
                position++;
            }
        }
        throw ObservationChecks.invalid(FIELD, "a file without a data chunk", "chunks fmt and data");
    }

    private Format format(int start, int size, int sampleRate) {
        if (size < FORMAT_BYTES) {
            throw ObservationChecks.invalid(FIELD, "a fmt chunk of " + size + " bytes", "at least " + FORMAT_BYTES);
        }
        int tag = Short.toUnsignedInt(file.getShort(start));
        int bits = Short.toUnsignedInt(file.getShort(start + 14));
        if (tag == EXTENSIBLE) {
            if (size < EXTENSIBLE_BYTES) {
                throw ObservationChecks.invalid(
                        FIELD, "an extensible fmt chunk of " + size + " bytes", "at least " + EXTENSIBLE_BYTES);
            }
            String end = HexFormat.of().formatHex(file.array(), start + 26, start + EXTENSIBLE_BYTES);
            if (!end.equals(GUID_END)) {
                throw wrongFormat("samples of an unknown subformat");
            }
            tag = Short.toUnsignedInt(file.getShort(start + 24));
        }
        if (tag != PCM || (bits != 8 && bits != 16)) {
            throw wrongFormat(name(tag) + " of " + bits + " bits");
        }
        int channels = Short.toUnsignedInt(file.getShort(start + 2));
        if (channels != 1 && channels != 2) {
            throw ObservationChecks.invalid(FIELD, channels + " channels", "1 or 2");
        }
        long rate = Integer.toUnsignedLong(file.getInt(start + 4));
        if (rate != sampleRate) {
            throw ObservationChecks.invalid(FIELD, rate + " samples a second", String.valueOf(sampleRate));
        }
        Format format = new Format(bits, channels);
        int blockAlign = Short.toUnsignedInt(file.getShort(start + 12));
        if (blockAlign != format.frameBytes()) {
            throw ObservationChecks.invalid(
                    FIELD,
                    "a block align of " + blockAlign,
                    format.frameBytes() + " for " + channels + " x " + bits + " bits");
        }
        return format;
    }

    private float[] data(int start, int size, Format format, int most) {
        if (size < format.frameBytes()) {
            throw ObservationChecks.invalid(FIELD, "0 samples", "at least 1");
        }
        return samples(file.array(), start, size, format, most);
    }

    /** Whether a chunk begins here that ends within the file. */
    private boolean isChunk(int position) {
        if (position + CHUNK_HEADER_BYTES > file.limit()) {
            return false;
        }
        for (int i = position; i < position + Integer.BYTES; i++) {
            if (file.get(i) < ' ' || file.get(i) > '~') {
                return false;
            }
        }
        long size = Integer.toUnsignedLong(file.getInt(position + Integer.BYTES));
        return size <= file.limit() - position - CHUNK_HEADER_BYTES;
    }

    private static float[] samples(byte[] bytes, int start, int size, Format format, int most) {
        float[] samples = new float[Math.min(most, size / format.frameBytes())];
        for (int i = 0; i < samples.length; i++) {
            int sum = 0;
            for (int c = 0; c < format.channels; c++) {
                int at = start + i * format.frameBytes() + c * format.bits / 8;
                sum += format.bits == 8 ? ((bytes[at] & 0xFF) - 128) << 8 : bytes[at + 1] << 8 | bytes[at] & 0xFF;
            }
            samples[i] = sum / (32_768f * format.channels);
        }
        return samples;
    }

    private static Refused wrongFormat(String found) {
        return ObservationChecks.invalid(FIELD, found, "linear PCM of 8 or 16 bits");
    }

    private static String name(int tag) {
        return switch (tag) {
            case PCM -> "linear PCM";
            case 2, 0x11 -> "ADPCM";
            case FLOAT -> "floating point";
            case 6 -> "A-law";
            case 7 -> "mu-law";
            case 0x55 -> "MP3";
            default -> String.format("format 0x%04X", tag);
        };
    }

    /** Four characters; fewer at the end of the file. */
    private static String ascii(byte[] file, int from) {
        int length = Math.max(0, Math.min(4, file.length - from));
        return new String(file, Math.min(from, file.length), length, StandardCharsets.ISO_8859_1);
    }

    /**
     * @param bits of a sample, 8 or 16
     * @param channels 1 or 2
     */
    private record Format(int bits, int channels) {
        int frameBytes() {
            return bits / 8 * channels;
        }
    }
}
