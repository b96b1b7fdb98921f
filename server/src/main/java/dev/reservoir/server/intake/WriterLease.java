// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.LiveHead;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** The right to write to a head, until a newer writer takes it, the head is deleted, or it is closed. Thread-safe. */
public final class WriterLease implements AutoCloseable {
    private final LiveHead head;
    private final HeadWriter writer;
    private final Consumer<Refused> whenLost;
    private final AtomicBoolean over = new AtomicBoolean();
    private long epoch;
    private long nextSequence;

    WriterLease(LiveHead head, HeadWriter writer, Consumer<Refused> whenLost) {
        this.head = head;
        this.writer = writer;
        this.whenLost = whenLost;
    }

    public LiveHead head() {
        return head;
    }

    /** The writer's epoch, unsigned. */
    public long epoch() {
        return epoch;
    }

    /** The number that the next new example had to have when the lease was acquired. */
    public long nextSequence() {
        return nextSequence;
    }

    /** Releases the lease; closing it again, or after it was lost, is harmless. */
    @Override
    public void close() {
        over.set(true);
        writer.close(this);
    }

    HeadWriter writer() {
        return writer;
    }

    /** Called by the writer, before the lease is shared. */
    void began(long newEpoch, long next) {
        epoch = newEpoch;
        nextSequence = next;
    }

    /** Notifies the holder once, unless it has closed the lease. */
    void lost(Refused why) {
        if (over.compareAndSet(false, true)) {
            whenLost.accept(why);
        }
    }
}
