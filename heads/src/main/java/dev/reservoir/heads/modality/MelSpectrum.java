// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * Log-mel energies: frames of 25 ms, one every 10 ms, under a Hann window; the power spectrum of each, summed under
 * triangles that are evenly spaced from 0 Hz to half the sample rate on the mel scale {@code 2595 log10(1 + f / 700)}
 * (Stevens, Volkmann, Newman 1937, doi:10.1121/1.1915893); the logarithm of that. Samples are from -1 to 1. The Fourier
 * transform is libtorch's on the CPU, whatever device the substrate runs on: its bits decide the features.
 */
final class MelSpectrum {
    /** Added to each energy: about what quantising a full-scale sound to 16 bits leaves in a band. */
    private static final double FLOOR = 1e-6;
    /** Frames that are transformed at once, which bounds the memory for a long sound. */
    private static final int BLOCK = 128;

    private final int hop;
    private final int transform;
    private final int bins;
    /** {@code [25 ms]} */
    private final float[] window;

    private final Band[] bands;

    MelSpectrum(int sampleRate, int bands) {
        this.hop = sampleRate / 100;
        this.window = hann(sampleRate / 40);
        this.transform = Integer.highestOneBit(window.length - 1) << 1;
        this.bins = transform / 2 + 1;
        this.bands = bands(sampleRate, bands);
    }

    /** The number of samples that the given number of frames covers. */
    int samples(int frames) {
        return (frames - 1) * hop + window.length;
    }

    /**
     * Log energies {@code [frames, bands]}; samples that are missing are silence, those beyond the last frame are not
     * read.
     */
    float[] logMel(float[] samples, int frames) {
        float[] energies = new float[frames * bands.length];
        for (int first = 0; first < frames; first += BLOCK) {
            int count = Math.min(BLOCK, frames - first);
            float[] power = power(samples, first, count);
            for (int f = 0; f < count; f++) {
                for (int b = 0; b < bands.length; b++) {
                    energies[(first + f) * bands.length + b] = bands[b].logEnergy(power, f * bins);
                }
            }
        }
        return energies;
    }

    /** {@code [count, bins]} */
    private float[] power(float[] samples, int first, int count) {
        float[] windowed = new float[count * transform];
        for (int f = 0; f < count; f++) {
            int start = (first + f) * hop;
            int length = Math.min(window.length, samples.length - start);
            for (int i = 0; i < length; i++) {
                windowed[f * transform + i] = window[i] * samples[start + i];
            }
        }
        float[] power = new float[count * bins];
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray spectrum =
                    manager.create(windowed, new Shape(count, transform)).rfft(transform, 1);
            // Pairs of real and imaginary part.
            float[] pairs = spectrum.real().toFloatArray();
            for (int i = 0; i < power.length; i++) {
                power[i] = pairs[2 * i] * pairs[2 * i] + pairs[2 * i + 1] * pairs[2 * i + 1];
            }
        }
        return power;
    }

    private static float[] hann(int length) {
        float[] window = new float[length];
        for (int i = 0; i < length; i++) {
            window[i] = (float) (0.5 - 0.5 * StrictMath.cos(2 * StrictMath.PI * i / length));
        }
        return window;
    }

    private Band[] bands(int sampleRate, int count) {
        double top = 2595 * StrictMath.log10(1 + sampleRate / 2.0 / 700);
        double[] edges = new double[count + 2];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = 700 * (StrictMath.pow(10, top * i / (count + 1) / 2595) - 1);
        }
        Band[] all = new Band[count];
        for (int b = 0; b < count; b++) {
            float[] weights = new float[bins];
            int first = bins;
            int end = 0;
            for (int k = 0; k < bins; k++) {
                double frequency = (double) k * sampleRate / transform;
                double rising = (frequency - edges[b]) / (edges[b + 1] - edges[b]);
                double falling = (edges[b + 2] - frequency) / (edges[b + 2] - edges[b + 1]);
                weights[k] = (float) Math.max(0, Math.min(rising, falling));
                if (weights[k] > 0) {
                    first = Math.min(first, k);
                    end = k + 1;
                }
            }
            all[b] = first < end ? new Band(first, Arrays.copyOfRange(weights, first, end)) : new Band(0, new float[0]);
        }
        return all;
    }

    /**
     * A triangular filter.
     *
     * @param first bin with a positive weight
     * @param weights of the bins from there on
     */
    private record Band(int first, float[] weights) {
        float logEnergy(float[] power, int frame) {
            double sum = FLOOR;
            for (int k = 0; k < weights.length; k++) {
                sum += weights[k] * power[frame + first + k];
            }
            return (float) StrictMath.log(sum);
        }
    }
}
