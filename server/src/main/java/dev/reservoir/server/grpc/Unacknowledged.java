// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.registry.HeadVersion;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledgements that a training stream owes its client, merged until the client reads. Confined to the stream's
 * context.
 */
final class Unacknowledged {
    /** The merged acknowledgements, as removed by a send. */
    record Taken(int count, long bytes, List<TrainingListener.Refusal> refusals, HeadVersion published) {}

    private int count;
    private long bytes;
    private List<TrainingListener.Refusal> refusals = new ArrayList<>();
    private @Nullable HeadVersion published;

    /** @param state the state of the head after these were handled; the newest one is sent */
    void add(int handled, long handledBytes, List<TrainingListener.Refusal> refused, HeadVersion state) {
        count += handled;
        bytes += handledBytes;
        refusals.addAll(refused);
        HeadVersion newest = published;
        if (newest == null || state.version() >= newest.version()) {
            published = state;
        }
    }

    boolean isEmpty() {
        return published == null;
    }

    Taken take() {
        HeadVersion state = published;
        if (state == null) {
            throw new IllegalStateException("nothing to acknowledge (expected: at least one addition)");
        }
        Taken taken = new Taken(count, bytes, refusals, state);
        count = 0;
        bytes = 0;
        refusals = new ArrayList<>();
        published = null;
        return taken;
    }
}
