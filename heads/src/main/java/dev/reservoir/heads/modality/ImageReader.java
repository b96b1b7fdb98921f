// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;

/**
 * Pictures in square patches, row by row; a patch is its pixels row by row, channels interleaved, each from -1 (black)
 * to 1 (white).
 */
final class ImageReader implements ObservationReader {
    private final ModalitySpec.Image spec;

    ImageReader(ModalitySpec.Image spec) {
        this.spec = spec;
    }

    @Override
    public int rowWidth() {
        return spec.patch() * spec.patch() * spec.channels();
    }

    @Override
    public int maxRows() {
        return spec.maxTokens();
    }

    @Override
    public double rowNorm() {
        return Math.sqrt(rowWidth());
    }

    @Override
    public AdmittedObservation admit(Observation observation) {
        if (observation instanceof Observation.EncodedImage encoded) {
            PictureFile.checkFile(encoded.file());
        } else if (observation instanceof Observation.RawImage raw) {
            int expected = spec.height() * spec.width() * spec.channels();
            if (raw.samples().length != expected) {
                throw ObservationChecks.invalid(
                        "observation.image.raw",
                        raw.samples().length + " bytes",
                        expected + " bytes for " + spec.width() + " x " + spec.height() + " x " + spec.channels());
            }
        } else {
            throw ObservationChecks.wrongModality(observation, "image");
        }
        return new AdmittedObservation(this, observation, spec.maxTokens());
    }

    @Override
    public ObservationRows read(Observation observation) {
        byte[] samples = observation instanceof Observation.EncodedImage encoded
                ? PictureFile.decode(encoded.file(), spec.width(), spec.height(), spec.channels())
                : ((Observation.RawImage) observation).samples();
        return ObservationRows.dense(spec.maxTokens(), patches(samples));
    }

    private float[] patches(byte[] samples) {
        int patchRow = spec.patch() * spec.channels();
        int pictureRow = spec.width() * spec.channels();
        float[] values = new float[samples.length];
        int next = 0;
        for (int top = 0; top < spec.height(); top += spec.patch()) {
            for (int left = 0; left < pictureRow; left += patchRow) {
                for (int y = top; y < top + spec.patch(); y++) {
                    for (int x = left; x < left + patchRow; x++) {
                        values[next++] = (samples[y * pictureRow + x] & 0xFF) / 127.5f - 1;
                    }
                }
            }
        }
        return values;
    }
}
