// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * An input as it arrived; {@link ObservationEncoder#admit} checks it against what a head reads. Arrays are not copied
 * and must not be written to.
 */
public sealed interface Observation {

    /** The modality it belongs to, by its name in the contract. */
    String modality();

    <R> R accept(Visitor<R> visitor);

    /** A case for each kind of observation. */
    interface Visitor<R> {
        R text(Text text);

        R encodedImage(EncodedImage image);

        R rawImage(RawImage image);

        R waveAudio(WaveAudio audio);

        R pcmAudio(PcmAudio audio);

        R series(Series series);

        R symbols(Symbols symbols);

        R tensor(Tensor tensor);
    }

    record Text(String text) implements Observation {
        @Override
        public String modality() {
            return "text";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.text(this);
        }
    }

    /** A PNG or JPEG file. */
    record EncodedImage(byte[] file) implements Observation {
        @Override
        public String modality() {
            return "image";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.encodedImage(this);
        }
    }

    /** {@code height x width x channels} samples, channels interleaved. */
    record RawImage(byte[] samples) implements Observation {
        @Override
        public String modality() {
            return "image";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.rawImage(this);
        }
    }

    /** A RIFF/WAVE file. */
    record WaveAudio(byte[] file) implements Observation {
        @Override
        public String modality() {
            return "audio";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.waveAudio(this);
        }
    }

    /** Signed 16-bit little-endian samples of one channel. */
    record PcmAudio(byte[] samples) implements Observation {
        @Override
        public String modality() {
            return "audio";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.pcmAudio(this);
        }
    }

    /** {@code [rows, columns]}, oldest row first. */
    record Series(float[] values, int columns) implements Observation {
        @Override
        public String modality() {
            return "series";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.series(this);
        }
    }

    record Symbols(int[] symbols) implements Observation {
        @Override
        public String modality() {
            return "tokens";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.symbols(this);
        }
    }

    /** {@code [rows, columns]}. */
    record Tensor(float[] values, int columns) implements Observation {
        @Override
        public String modality() {
            return "tensor";
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.tensor(this);
        }
    }
}
