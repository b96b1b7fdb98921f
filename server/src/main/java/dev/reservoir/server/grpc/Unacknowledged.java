// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.codec.MetricsCodec;
import dev.reservoir.server.engine.TrainingListener.Refusal;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.rpc.StatusMapper;
import dev.reservoir.v1.Progress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledgements that a training stream owes its client, merged until the client reads.
 *
 * <p>Guarantees: {@code applied_through} and {@code refused_total} never decrease along a stream; every example is
 * counted in the credits of one {@link Progress}. Not thread-safe: confined to the stream's context.
 */
final class Unacknowledged {
    private final StatusMapper statuses;
    private long appliedThrough;
    private long refusedTotal;

    private int count;
    private long bytes;
    private List<Refusal> refusals = new ArrayList<>();
    private @Nullable HeadVersion published;

    Unacknowledged(StatusMapper statuses) {
        this.statuses = statuses;
    }

    /**
     * The merged acknowledgements.
     *
     * @param count examples that are acknowledged
     * @param bytes their bytes
     * @param published the newest state of the head among them
     */
    record Merged(Progress progress, int count, long bytes, HeadVersion published) {}

    /** @param state the state of the head after these were handled; the newest one is sent */
    void add(int handled, long handledBytes, List<Refusal> refused, HeadVersion state) {
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

    /**
     * Removes what was added.
     *
     * @param firstWaiting the number of the first example of the stream that is not handled; none from there on is
     *     acknowledged, although the head may have handled more
     */
    Merged remove(long firstWaiting) {
        HeadVersion state = published;
        if (state == null) {
            throw new IllegalStateException("nothing to acknowledge (expected: at least one addition)");
        }
        appliedThrough = Math.max(appliedThrough, Math.min(state.appliedThrough(), firstWaiting - 1));
        refusedTotal += refusals.size();
        Merged merged = new Merged(progress(state), count, bytes, state);
        count = 0;
        bytes = 0;
        refusals = new ArrayList<>();
        published = null;
        return merged;
    }

    private Progress progress(HeadVersion state) {
        Progress.Builder progress = Progress.newBuilder()
                .setAppliedThrough(appliedThrough)
                .setCredits(count)
                .setHeadVersion(state.version())
                .setMetrics(MetricsCodec.encode(state.metrics()))
                .setRefusedTotal(refusedTotal);
        for (Refusal refusal : refusals) {
            progress.addRefusals(dev.reservoir.v1.Refusal.newBuilder()
                    .setSequence(refusal.sequence())
                    .setStatus(statuses.status(refusal.why())));
        }
        return progress.build();
    }
}
