package dev.reservoir.heads.modality;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * Log-mel energies: frames of 25 ms, one each 10 ms, under a Hann window; the power spectrum of each, summed under triangles that are evenly
 * spaced from 0 Hz to half the sample rate on the mel scale {@code 2595 log10(1 + f / 700)} (Stevens, Volkmann, Newman 1937,
 * doi:10.1121/1.1915893); the logarithm of that. Samples are from -1 to 1. The Fourier transform is libtorch's.
 */
final class MelSpectrum {
    /** Added to each energy: what a full-scale sound's quantisation to 16 bits leaves in a band, about. */
    private static final double FLOOR = 1e-6;

    private final int hop;
    private final int transform;
    private final int bins;
    private final int bands;
    /** {@code [25 ms]} */
    private final float[] window;
    /** {@code [bands, bins]} */
    private final float[] triangles;
    /** {@code [bands, 2]}: the bins under a triangle, first and one past the last. */
    private final int[] spans;

    MelSpectrum(int sampleRate, int bands) {
        this.hop = sampleRate / 100;
        this.window = hann(sampleRate / 40);
        this.transform = Integer.highestOneBit(window.length - 1) << 1;
        this.bins = transform / 2 + 1;
        this.bands = bands;
        this.triangles = triangles(sampleRate);
        this.spans = spans();
    }

    /** Samples that so many frames read. */
    int samples(int frames) {
        return (frames - 1) * hop + window.length;
    }

    /** Log energies {@code [frames, bands]}; samples that are missing are silence, those beyond the last frame are not read. */
    float[] logMel(float[] samples, int frames) {
        float[] power = power(samples, frames);
        float[] energies = new float[frames * bands];
        for (int f = 0; f < frames; f++) {
            for (int b = 0; b < bands; b++) {
                double sum = FLOOR;
                for (int k = spans[2 * b]; k < spans[2 * b + 1]; k++) {
                    sum += triangles[b * bins + k] * power[f * bins + k];
                }
                energies[f * bands + b] = (float) StrictMath.log(sum);
            }
        }
        return energies;
    }

    /** {@code [frames, bins]} */
    private float[] power(float[] samples, int frames) {
        float[] windowed = new float[frames * transform];
        for (int f = 0; f < frames; f++) {
            int count = Math.min(window.length, samples.length - f * hop);
            for (int i = 0; i < count; i++) {
                windowed[f * transform + i] = window[i] * samples[f * hop + i];
            }
        }
        float[] power = new float[frames * bins];
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            NDArray spectrum =
                    manager.create(windowed, new Shape(frames, transform)).rfft(transform, 1);
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

    private float[] triangles(int sampleRate) {
        double top = 2595 * StrictMath.log10(1 + sampleRate / 2.0 / 700);
        double[] edges = new double[bands + 2];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = 700 * (StrictMath.pow(10, top * i / (bands + 1) / 2595) - 1);
        }
        float[] weights = new float[bands * bins];
        for (int b = 0; b < bands; b++) {
            for (int k = 0; k < bins; k++) {
                double frequency = (double) k * sampleRate / transform;
                double rising = (frequency - edges[b]) / (edges[b + 1] - edges[b]);
                double falling = (edges[b + 2] - frequency) / (edges[b + 2] - edges[b + 1]);
                weights[b * bins + k] = (float) Math.max(0, Math.min(rising, falling));
            }
        }
        return weights;
    }

    private int[] spans() {
        int[] spans = new int[2 * bands];
        for (int b = 0; b < bands; b++) {
            int first = 0;
            while (first < bins && triangles[b * bins + first] == 0) {
                first++;
            }
            int end = bins;
            while (end > first && triangles[b * bins + end - 1] == 0) {
                end--;
            }
            spans[2 * b] = first;
            spans[2 * b + 1] = end;
        }
        return spans;
    }
}
