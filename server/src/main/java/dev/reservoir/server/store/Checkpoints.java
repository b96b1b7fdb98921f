// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * States of heads at offsets of the log. Safe for use by several threads. What is large and the same for many heads is
 * a shared part: it is stored once, under its id, and freed with the last checkpoint that names it.
 */
public interface Checkpoints {
    /**
     * Writes a checkpoint after its offset has become durable, in small steps between the commits of the log. It
     * replaces one of the same head and offset. A crash leaves all of it or nothing.
     *
     * @return completes when it is durable; fails with {@link StorageUnavailable} if it cannot be written. Its
     *     callbacks run on the thread that writes the log: they must be short.
     * @throws IllegalArgumentException if the offset was not appended yet
     */
    CompletableFuture<Void> write(Checkpoint checkpoint);

    /**
     * The newest checkpoint of a head at or before an offset whose own bytes are sound. One that is damaged is skipped,
     * counted and logged. Its parts are to be fetched by {@link #sharedPart}; if one is damaged, ask again with a lower
     * offset.
     */
    Optional<Stored> newest(HeadId head, long throughOffset);

    /** The bytes of a shared part; empty if they are damaged or not there. */
    Optional<ByteString> sharedPart(String id);

    /** All checkpoints of a head, oldest first, without their states. */
    List<Summary> list(HeadId head);

    /** The newest checkpoint of every head, in the order of heads, without their states. */
    void forEachNewest(Consumer<Summary> each);

    /** Deletes a head's checkpoint at this offset, if there is one. */
    CompletableFuture<Void> delete(HeadId head, long offset);

    /** Deletes all checkpoints of a head. */
    CompletableFuture<Void> deleteAll(HeadId head);

    /**
     * A part of a state that several heads may have in common.
     *
     * @param id names its content: equal ids mean equal bytes
     */
    record SharedPart(String id, ByteString bytes) {
        public SharedPart {
            if (!id.matches("[!-~]{1,128}")) {
                throw new IllegalArgumentException(
                        "id: \"" + id + "\" (expected: 1 to 128 characters of ASCII without spaces)");
            }
        }
    }

    /**
     * A checkpoint to write.
     *
     * @param offset the last record of the log that the state holds
     * @param summary what is to be known of a head without loading its state; small
     * @param state everything else
     */
    record Checkpoint(HeadId head, long offset, ByteString summary, ByteString state, List<SharedPart> parts) {
        public Checkpoint {
            parts = List.copyOf(parts);
            if (offset < 0) {
                throw new IllegalArgumentException("offset: " + offset + " (expected: >= 0)");
            }
        }
    }

    /**
     * A checkpoint without its state.
     *
     * @param stateBytes size of the state, without the shared parts
     * @param partIds the shared parts that it needs, in the order in which they were given
     */
    record Summary(HeadId head, long offset, ByteString summary, long stateBytes, List<String> partIds) {
        public Summary {
            partIds = List.copyOf(partIds);
        }
    }

    /** A checkpoint that was read. */
    record Stored(Summary summary, ByteString state) {}
}
