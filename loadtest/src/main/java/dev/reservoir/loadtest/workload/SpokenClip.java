// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** One spoken word, sampled at 8,000 Hz, in [-1, 1]. */
final class SpokenClip {

    /**
     * Largest absolute value of a code; mu is 255 as in G.711, and the codes are evenly spaced on the compressed scale.
     */
    private static final double CODES = 127;

    private final String part;
    private final String word;
    private final double[] samples;

    private SpokenClip(String part, String word, double[] samples) {
        this.part = part;
        this.word = word;
        this.samples = samples;
    }

    /**
     * Reads clips stored as an index (tab-separated: part, voice, words per minute, pitch, word, samples) and one run
     * of signed bytes, clip after clip: each byte is the difference, modulo 256, of a sample's mu-law code from the
     * preceding code.
     */
    static List<SpokenClip> read(Resource index, Resource samples) {
        return parse(index.rows(6), samples.name(), samples.bytes());
    }

    static List<SpokenClip> parse(List<String[]> index, String name, byte[] differences) {
        double[] values = expansion();
        List<SpokenClip> clips = new ArrayList<>();
        int at = 0;
        byte code = 0;
        for (String[] row : index) {
            double[] clip = new double[Integer.parseInt(row[5])];
            if (at + clip.length > differences.length) {
                throw new UncheckedIOException(new IOException(
                        name + ": " + differences.length + " samples (expected: at least " + (at + clip.length) + ")"));
            }
            for (int sample = 0; sample < clip.length; sample++) {
                code += differences[at++];
                clip[sample] = values[code & 0xff];
            }
            clips.add(new SpokenClip(row[0], row[4], clip));
        }
        if (at != differences.length) {
            throw new UncheckedIOException(
                    new IOException(name + ": " + differences.length + " samples (expected: " + at + ")"));
        }
        return clips;
    }

    /** {@code train} or {@code test}; each voice belongs to one of them. */
    String part() {
        return part;
    }

    String word() {
        return word;
    }

    int length() {
        return samples.length;
    }

    double sample(int at) {
        return samples[at];
    }

    /** Mean square. */
    double power() {
        double sum = 0;
        for (double sample : samples) {
            sum += sample * sample;
        }
        return sum / samples.length;
    }

    /** The value of each code, indexed by the code as an unsigned byte. */
    private static double[] expansion() {
        double[] values = new double[256];
        for (int code = Byte.MIN_VALUE; code <= Byte.MAX_VALUE; code++) {
            values[code & 0xff] = Math.signum(code) * (Math.pow(256, Math.abs(code) / CODES) - 1) / 255;
        }
        return values;
    }
}
