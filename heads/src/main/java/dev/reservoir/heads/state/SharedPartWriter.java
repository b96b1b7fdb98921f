// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.state;

import com.google.protobuf.MessageLite;
import dev.reservoir.heads.LearnerState.SharedPart;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Collects the shared parts of a state that is being taken. Not thread-safe. */
public final class SharedPartWriter {
    private final Predicate<String> stored;
    private final Map<String, SharedPart> parts = new LinkedHashMap<>();

    /** @param stored whether the part with an id need not be given again */
    public SharedPartWriter(Predicate<String> stored) {
        this.stored = stored;
    }

    /**
     * Refers to a part without its bytes.
     *
     * @return false if the bytes are required: {@link #add} them
     */
    public boolean refer(String id) {
        if (!parts.containsKey(id) && stored.test(id)) {
            parts.put(id, new SharedPart(id, null));
        }
        return parts.containsKey(id);
    }

    /**
     * Adds a part.
     *
     * @return its id
     */
    public String add(MessageLite content) {
        byte[] sealed = StateFormat.seal(content);
        String id = id(sealed);
        if (!refer(id)) {
            parts.put(id, new SharedPart(id, sealed));
        }
        return id;
    }

    /** Adds parts of a state that this one contains. */
    public void addAll(List<SharedPart> others) {
        others.forEach(part -> parts.putIfAbsent(part.id(), part));
    }

    public List<SharedPart> parts() {
        return new ArrayList<>(parts.values());
    }

    static String id(byte[] sealed) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(sealed));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
