package dev.reservoir.heads;

/** An input, as it came; {@code heads.modality} checks it against what a head reads. Arrays are not copied: never written. */
public sealed interface Observation {

    record Text(String text) implements Observation {}

    /** A PNG or JPEG file. */
    record EncodedImage(byte[] file) implements Observation {}

    /** {@code height x width x channels} samples, channels interleaved. */
    record RawImage(byte[] samples) implements Observation {}

    /** A RIFF/WAVE file. */
    record WaveAudio(byte[] file) implements Observation {}

    /** Signed 16-bit little-endian samples of one channel. */
    record PcmAudio(byte[] samples) implements Observation {}

    /** {@code [rows, columns]}, oldest row first. */
    record Series(float[] values, int columns) implements Observation {}

    record Symbols(int[] symbols) implements Observation {}

    /** {@code [rows, columns]}. */
    record Tensor(float[] values, int columns) implements Observation {}
}
