package dev.reservoir.server.substrate;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 over what decides a substrate's results: program, configuration, precision and the weights as held. */
final class WeightDigest {
    private WeightDigest() {}

    /** 64 hexadecimal characters, computed from the live weights. */
    static String of(BertProgram program) {
        return of(program, program.products());
    }

    /** As if its products were others that hold the same weights. */
    static String of(BertProgram program, BertProgram.Products products) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing from this Java runtime", e);
        }
        text(digest, program.source());
        text(digest, program.shape().toString());
        text(digest, products.name());
        program.visitWeights(digest::update);
        StringBuilder text = new StringBuilder();
        for (byte value : digest.digest()) {
            text.append(String.format("%02x", value));
        }
        return text.toString();
    }

    private static void text(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
    }
}
