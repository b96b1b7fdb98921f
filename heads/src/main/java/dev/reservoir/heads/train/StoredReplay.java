// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.CounterRandom;
import dev.reservoir.heads.state.SharedPartReader;
import dev.reservoir.heads.state.SharedPartWriter;
import dev.reservoir.state.v1.Replay;
import dev.reservoir.state.v1.ReplayChunk;
import java.util.ArrayList;
import java.util.List;

/**
 * A replay sample to its stored form and back. Its elements are parts of their own: an old sample replaces few of them,
 * so that most of it need not be stored again.
 */
final class StoredReplay {
    /** Elements of a part. */
    private static final int CHUNK = 64;

    private StoredReplay() {}

    static Replay save(ReplaySample<MinibatchExample> sample, SharedPartWriter parts) {
        Replay.Builder state = Replay.newBuilder().setSeen(sample.seen()).setDrawn(sample.drawn());
        List<MinibatchExample> elements = sample.elements();
        for (int from = 0; from < elements.size(); from += CHUNK) {
            List<MinibatchExample> some = elements.subList(from, Math.min(elements.size(), from + CHUNK));
            state.addChunks(parts.add(ReplayChunk.newBuilder()
                    .addAllExamples(StoredExamples.pack(some))
                    .build()));
        }
        return state.build();
    }

    /** @throws UnusableState DAMAGED, MISSING_PART or UNKNOWN_VERSION */
    static ReplaySample<MinibatchExample> restore(
            Replay state, HeadSpec spec, StoredExamples reader, SharedPartReader parts) {
        int capacity = ((LearningSpec.Fpt) spec.learning()).replayCapacity();
        long seen = state.getSeen();
        UnusableState.check(seen >= 0, "replay.seen", seen, "at least 0");
        long expected = Math.min(capacity, seen);
        int chunks = (int) ((expected + CHUNK - 1) / CHUNK);
        UnusableState.check(
                state.getChunksCount() == chunks, "replay.chunks", state.getChunksCount(), Integer.toString(chunks));
        List<MinibatchExample> elements = new ArrayList<>();
        for (String id : state.getChunksList()) {
            ReplayChunk chunk = parts.open("replay", id, ReplayChunk.parser());
            UnusableState.check(
                    chunk.getExamplesCount() <= CHUNK, "replay", chunk.getExamplesCount(), "at most " + CHUNK);
            elements.addAll(reader.unpack(chunk.getExamplesList()));
        }
        UnusableState.check(elements.size() == expected, "replay", elements.size(), expected + " examples");
        return new ReplaySample<>(
                new ReplaySample<>(capacity, spec.seed(), MinibatchExample::bytes),
                elements,
                seen,
                new CounterRandom(spec.seed(), state.getDrawn()));
    }
}
