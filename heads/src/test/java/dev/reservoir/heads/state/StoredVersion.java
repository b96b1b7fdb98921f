// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.state;

import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearnerState.SharedPart;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * States that a version of the format once wrote, which later programs must go on reading. They are resources of the
 * tests, {@code state/v1/NAME.own} and {@code NAME.0.part}, and are never written again: a change that cannot read them
 * needs a new version.
 */
public final class StoredVersion {
    private StoredVersion() {}

    public static LearnerState read(String name) throws IOException {
        byte[] own = resource(name + ".own");
        List<SharedPart> parts = new ArrayList<>();
        for (byte[] part = resource(name + ".0.part"); part.length > 0; ) {
            parts.add(new SharedPart(SharedPartWriter.id(part), part));
            part = resource(name + "." + parts.size() + ".part");
        }
        return new LearnerState(own, parts);
    }

    /** The bytes; none if there is no such resource. */
    private static byte[] resource(String name) throws IOException {
        try (InputStream stream = StoredVersion.class.getResourceAsStream("/state/v1/" + name)) {
            return stream == null ? new byte[0] : stream.readAllBytes();
        }
    }
}
