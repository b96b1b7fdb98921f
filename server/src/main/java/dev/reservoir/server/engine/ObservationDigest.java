package dev.reservoir.server.engine;

import dev.reservoir.heads.Observation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of an observation's kind and content, in four parts: equal observations have equal digests. */
public record ObservationDigest(long first, long second, long third, long fourth) {

    static ObservationDigest of(Observation observation) {
        MessageDigest sha = sha256();
        if (observation instanceof Observation.Text text) {
            sha.update((byte) 1);
            sha.update(text.text().getBytes(StandardCharsets.UTF_8));
        } else if (observation instanceof Observation.EncodedImage image) {
            sha.update((byte) 2);
            sha.update(image.file());
        } else if (observation instanceof Observation.RawImage image) {
            sha.update((byte) 3);
            sha.update(image.samples());
        } else if (observation instanceof Observation.WaveAudio audio) {
            sha.update((byte) 4);
            sha.update(audio.file());
        } else if (observation instanceof Observation.PcmAudio audio) {
            sha.update((byte) 5);
            sha.update(audio.samples());
        } else if (observation instanceof Observation.Series series) {
            update(sha, (byte) 6, series.columns(), series.values());
        } else if (observation instanceof Observation.Symbols symbols) {
            sha.update((byte) 7);
            ByteBuffer bytes = littleEndian(symbols.symbols().length);
            bytes.asIntBuffer().put(symbols.symbols());
            sha.update(bytes);
        } else if (observation instanceof Observation.Tensor tensor) {
            update(sha, (byte) 8, tensor.columns(), tensor.values());
        } else {
            throw new IllegalArgumentException("observation: " + observation.getClass() + " (expected: a known kind)");
        }
        ByteBuffer digest = ByteBuffer.wrap(sha.digest());
        return new ObservationDigest(digest.getLong(), digest.getLong(), digest.getLong(), digest.getLong());
    }

    private static void update(MessageDigest sha, byte kind, int columns, float[] values) {
        sha.update(kind);
        ByteBuffer bytes = littleEndian(1 + values.length);
        bytes.putInt(0, columns);
        bytes.position(4);
        bytes.asFloatBuffer().put(values);
        bytes.position(0);
        sha.update(bytes);
    }

    private static ByteBuffer littleEndian(int words) {
        return ByteBuffer.allocate(4 * words).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
