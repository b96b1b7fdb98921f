package dev.reservoir.server.grpc;

import dev.reservoir.v1.Example;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Tells payloads apart: the first eight bytes of SHA-256 over an example without its number. Confined to one thread. */
final class PayloadDigest {
    private final MessageDigest sha256;

    PayloadDigest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 (expected: part of every Java platform)", e);
        }
    }

    long of(Example example) {
        byte[] payload = example.toBuilder().clearSequence().build().toByteArray();
        return ByteBuffer.wrap(sha256.digest(payload)).getLong();
    }
}
