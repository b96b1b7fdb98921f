// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.store.v1.LogRecord;
import java.util.List;
import java.util.function.Consumer;

/**
 * The ordered log of everything that changes a head. Offsets begin at 1 and have no gap. The order of appending is the
 * order of offsets, and the order in which records become durable. Safe for use by several threads.
 */
public interface ExampleLog {
    /**
     * Appends a record in memory and returns its offset. Does not wait for the disk, except while more bytes are
     * pending than the store allows.
     *
     * @throws StorageUnavailable if the disk is full or has failed; nothing was appended
     */
    long append(LogRecord record);

    /** The offset of the last record that was appended; 0 if there is none. */
    long appendedThrough();

    /** Every record up to this offset is on disk and survives a crash. */
    long durableThrough();

    /**
     * Calls back once every record up to an offset is durable, never on the calling thread. Callbacks run one at a
     * time, in the order of their offsets; those of one offset in the order in which they were registered. They must be
     * short: the next commit waits for them. A callback whose offset never becomes durable is dropped.
     */
    Subscription whenDurable(long offset, Runnable action);

    /** The first offset that is kept: those before it were trimmed. */
    long begin();

    /**
     * Reads the records from an offset to the last one that is durable when the call begins, on the calling thread.
     *
     * @throws IllegalArgumentException if the offset is below {@link #begin()}, also if the log is trimmed beyond what
     *     was read while it is read
     * @throws StorageUnavailable if the database cannot be read at all
     */
    void read(long fromOffset, Reader reader);

    /**
     * Lets go of the records before an offset, in the background. Records are dropped by whole frames, so that
     * {@link #begin()} may stay below the offset.
     */
    void trim(long beforeOffset);

    /** The damage that is known: what was found when the log was opened, and by reading since. */
    List<Damage> damage();

    StorageState state();

    /** Calls back after every change of {@link #state()}, never on the calling thread. */
    Subscription onState(Consumer<StorageState> listener);

    /** Receives what {@link #read} finds, in the order of offsets. */
    interface Reader {
        void record(long offset, LogRecord record);

        /** Records that cannot be read; the offsets of the damage that lie before the reading began count as well. */
        void damaged(Damage damage);
    }
}
