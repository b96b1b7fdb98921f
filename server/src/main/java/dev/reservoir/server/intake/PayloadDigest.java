// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import dev.reservoir.heads.Target;
import dev.reservoir.server.engine.ObservationDigest;
import dev.reservoir.v1.Example;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.TreeSet;

/**
 * Distinguishes the payloads of examples: the first eight bytes of SHA-256 over an example's content, without its
 * number. Observations enter by their own digest, so that their content is hashed once. Not thread-safe.
 */
final class PayloadDigest {
    private static final byte OBSERVED = 1;
    private static final byte STORED = 2;
    private static final byte UNREADABLE = 3;

    private final MessageDigest sha256;

    PayloadDigest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256: missing (expected: part of every Java platform)", e);
        }
    }

    /** The digest of an example that carries its observation. */
    long of(ObservationDigest observation, Target target) {
        sha256.update(OBSERVED);
        number(observation.first());
        number(observation.second());
        number(observation.third());
        number(observation.fourth());
        return target(target);
    }

    /** The digest of an example that refers to a stored observation, whether or not it is still stored. */
    long of(String observationId, Target target) {
        sha256.update(STORED);
        text(observationId);
        return target(target);
    }

    /** The digest of an example that could not be decoded: over its bytes as received. */
    long ofUnreadable(Example example) {
        sha256.update(UNREADABLE);
        sha256.update(example.toBuilder().clearSequence().build().toByteArray());
        return first();
    }

    private long target(Target target) {
        if (target instanceof Target.Label label) {
            sha256.update((byte) 1);
            text(label.label());
        } else if (target instanceof Target.LabelSet set) {
            sha256.update((byte) 2);
            new TreeSet<>(set.labels()).forEach(this::text);
        } else if (target instanceof Target.Values values) {
            sha256.update((byte) 3);
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.values().length);
            bytes.asFloatBuffer().put(values.values());
            sha256.update(bytes);
        } else if (target instanceof Target.TokenLabels labels) {
            sha256.update((byte) 4);
            labels.labels().forEach(this::text);
        } else if (target instanceof Target.TokenLabelSets sets) {
            sha256.update((byte) 5);
            number(sets.labels().size());
            sets.labels().forEach(this::text);
            for (Target.TokenSet token : sets.tokens()) {
                number(token.unknown() ? -1 : token.indices().length);
                ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * token.indices().length);
                bytes.asIntBuffer().put(token.indices());
                sha256.update(bytes);
            }
        } else {
            throw new IllegalArgumentException("target: " + target.getClass() + " (expected: a known kind)");
        }
        return first();
    }

    /** With its length before it, so that no two sequences of texts have the same bytes. */
    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        number(bytes.length);
        sha256.update(bytes);
    }

    private void number(long number) {
        sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(number).flip());
    }

    private long first() {
        return ByteBuffer.wrap(sha256.digest()).getLong();
    }
}
