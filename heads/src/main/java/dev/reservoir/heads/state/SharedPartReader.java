// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.state;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.reservoir.heads.LearnerState.SharedPart;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds the shared parts of a state that is being restored, and checks what it finds. */
public final class SharedPartReader {
    private final Map<String, byte[]> parts = new HashMap<>();

    public SharedPartReader(List<SharedPart> shared) {
        for (SharedPart part : shared) {
            byte[] bytes = part.bytes();
            if (bytes != null) {
                parts.put(part.id(), bytes);
            }
        }
    }

    /**
     * Opens a part.
     *
     * @param what the part, for refusals
     * @throws UnusableState MISSING_PART if it was not given, or as {@link StateFormat#open}
     */
    public <M extends MessageLite> M open(String what, String id, Parser<M> parser) {
        byte[] bytes = parts.get(id);
        if (bytes == null) {
            throw new UnusableState(Problem.MISSING_PART, what + ": not given (expected: shared part " + id + ")");
        }
        String own = SharedPartWriter.id(bytes);
        UnusableState.check(own.equals(id), what, "SHA-256 " + own, "the part's id " + id);
        return StateFormat.open(what, bytes, parser);
    }
}
