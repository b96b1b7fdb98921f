// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;

/**
 * Sounds as log-mel frames, {@code framesPerToken} per token, frame after frame. Over a sound the frames are shifted
 * and scaled to mean 0 and deviation 1, so that loudness does not matter. Frames of the last token that the sound does
 * not reach are 0.
 */
final class AudioReader implements ObservationReader {
    private static final String PCM = "observation.audio.pcm16";

    private final ModalitySpec.Audio spec;
    private final MelSpectrum spectrum;

    AudioReader(ModalitySpec.Audio spec) {
        this.spec = spec;
        this.spectrum = new MelSpectrum(spec.sampleRate(), spec.melBands());
    }

    @Override
    public int rowWidth() {
        return spec.framesPerToken() * spec.melBands();
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
        if (observation instanceof Observation.WaveAudio wave) {
            WaveFile.checkFile(wave.file());
        } else if (observation instanceof Observation.PcmAudio pcm) {
            byte[] samples = pcm.samples();
            ObservationChecks.checkBytes(PCM, samples);
            if (samples.length % 2 != 0) {
                throw ObservationChecks.invalid(PCM, samples.length + " bytes", "a multiple of 2");
            }
        } else {
            throw ObservationChecks.wrongModality(observation, "audio");
        }
        return new AdmittedObservation(this, observation, spec.maxTokens());
    }

    @Override
    public ObservationRows read(Observation observation) {
        int most = spectrum.samples(spec.frames());
        float[] samples = observation instanceof Observation.WaveAudio wave
                ? WaveFile.decode(wave.file(), spec.sampleRate(), most)
                : WaveFile.samples(((Observation.PcmAudio) observation).samples(), 16, 1, most);
        float[] frames = spectrum.logMel(samples, spec.frames());
        normalize(frames);
        // Tokens are whole: frames missing from the last one stay 0, the mean.
        float[] rows = new float[spec.maxTokens() * rowWidth()];
        System.arraycopy(frames, 0, rows, 0, frames.length);
        return ObservationRows.dense(spec.maxTokens(), rows);
    }

    private static void normalize(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        double mean = sum / values.length;
        double squares = 0;
        for (float value : values) {
            squares += (value - mean) * (value - mean);
        }
        double deviation = Math.sqrt(squares / values.length);
        // Silence has the same value everywhere.
        double factor = deviation > 1e-6 ? 1 / deviation : 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) ((values[i] - mean) * factor);
        }
    }
}
