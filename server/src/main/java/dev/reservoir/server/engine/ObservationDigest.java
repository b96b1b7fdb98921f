// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

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
        MessageDigest sha = observation.accept(new Content(sha256()));
        ByteBuffer digest = ByteBuffer.wrap(sha.digest());
        return new ObservationDigest(digest.getLong(), digest.getLong(), digest.getLong(), digest.getLong());
    }

    /** Updates a digest with an observation: a byte for its kind, then its content. */
    private record Content(MessageDigest sha) implements Observation.Visitor<MessageDigest> {
        @Override
        public MessageDigest text(Observation.Text text) {
            return update(1, text.text().getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public MessageDigest encodedImage(Observation.EncodedImage image) {
            return update(2, image.file());
        }

        @Override
        public MessageDigest rawImage(Observation.RawImage image) {
            return update(3, image.samples());
        }

        @Override
        public MessageDigest waveAudio(Observation.WaveAudio audio) {
            return update(4, audio.file());
        }

        @Override
        public MessageDigest pcmAudio(Observation.PcmAudio audio) {
            return update(5, audio.samples());
        }

        @Override
        public MessageDigest series(Observation.Series series) {
            return update(6, matrix(series.columns(), series.values()));
        }

        @Override
        public MessageDigest symbols(Observation.Symbols symbols) {
            ByteBuffer bytes = littleEndian(symbols.symbols().length);
            bytes.asIntBuffer().put(symbols.symbols());
            return update(7, bytes.array());
        }

        @Override
        public MessageDigest tensor(Observation.Tensor tensor) {
            return update(8, matrix(tensor.columns(), tensor.values()));
        }

        private MessageDigest update(int kind, byte[] content) {
            sha.update((byte) kind);
            sha.update(content);
            return sha;
        }

        private static byte[] matrix(int columns, float[] values) {
            ByteBuffer bytes = littleEndian(1 + values.length).putInt(columns);
            bytes.asFloatBuffer().put(values);
            return bytes.array();
        }
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
