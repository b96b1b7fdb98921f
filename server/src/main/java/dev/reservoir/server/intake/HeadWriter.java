// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rules of writing to one head: one writer at a time, sequence numbers without a gap, nothing learned twice.
 *
 * <pre>
 *                 open(epoch &gt;= newest)
 *      +------+  ---------------------&gt;  +--------+  ---+ open(epoch &gt;= newest): the older lease is fenced
 *      | FREE |                          | LEASED |     | admit(the lease, last number + 1): QUEUED
 *      +------+  &lt;---------------------  +--------+  &lt;--+
 *          |         close(the lease)        |
 *          |                                 | end: the lease is lost
 *          |         end     +-------+       |
 *          +---------------&gt; | ENDED | &lt;-----+
 *                            +-------+
 * </pre>
 *
 * <p>FREE: the head has no writer. LEASED: one lease admits numbers; a writer of the same or a newer epoch replaces it.
 * ENDED: the head is gone, and admits neither writers nor numbers.
 *
 * <p>Guarantees: a number is admitted and its example queued in one step, so that examples are queued in the order of
 * their numbers, whichever writer offers them; a number whose example could not be queued is not admitted; a lease that
 * was fenced or closed admits none. Epochs and sequence numbers are unsigned. Thread-safe.
 */
final class HeadWriter {
    /** Payloads are compared for this many numbers back. */
    static final int REMEMBERED = 4_096;

    /**
     * A number's payload at the number modulo {@link #REMEMBERED}; grows to that length with the numbers, as most heads
     * learn little.
     */
    @GuardedBy("this")
    private long[] payloads = new long[16];

    @GuardedBy("this")
    private long admittedThrough;

    @GuardedBy("this")
    private long newestEpoch;

    /** The current writer's lease; null while the head has none. */
    @GuardedBy("this")
    private @Nullable WriterLease lease;

    /** Why the head accepts no more writers; null while it does. */
    @GuardedBy("this")
    private @Nullable Refused ended;

    /** The outcome of an example. */
    enum Admission {
        /** Its number is admitted and it is queued. */
        QUEUED,
        /** Its number was admitted before, with the same payload or one too old to compare: acknowledge it. */
        DUPLICATE,
        /** Its number was admitted before, with another payload: refuse it. */
        CONFLICT,
        /** It could not be queued, and its number is not admitted. */
        CLOSED
    }

    /**
     * Acquires the lease.
     *
     * @param requestedEpoch the writer's epoch; 0 for the one after the newest
     * @param opened is given its number and epoch here
     * @throws Refused WRITER_FENCED if a newer epoch was seen; INVALID_FIELD for epoch 0 once the largest epoch was
     *     used; what {@link #end} was given
     */
    void open(long requestedEpoch, WriterLease opened) {
        WriterLease older;
        long epoch;
        synchronized (this) {
            checkNotEnded();
            if (requestedEpoch != 0 && Long.compareUnsigned(requestedEpoch, newestEpoch) < 0) {
                throw fencing(requestedEpoch, newestEpoch);
            }
            Refused.check(
                    requestedEpoch != 0 || newestEpoch != -1,
                    "writer_epoch",
                    0,
                    Long.toUnsignedString(-1) + ", as the largest epoch was used before");
            epoch = requestedEpoch == 0 ? newestEpoch + 1 : requestedEpoch;
            opened.began(epoch, admittedThrough + 1);
            older = lease;
            newestEpoch = epoch;
            lease = opened;
            verifyState();
        }
        if (older != null) {
            older.lost(fencing(older.epoch(), epoch));
        }
    }

    /** The last admitted number. */
    synchronized long admittedThrough() {
        return admittedThrough;
    }

    /** Releases the lease; harmless if a newer writer has acquired one. */
    synchronized void close(WriterLease given) {
        if (lease == given) {
            lease = null;
        }
        verifyState();
    }

    /** Accepts no more writers and no more numbers: the head is gone. */
    void end(Refused why) {
        WriterLease last;
        synchronized (this) {
            ended = why;
            last = lease;
            lease = null;
            verifyState();
        }
        if (last != null) {
            last.lost(why);
        }
    }

    /**
     * Checks an example, and admits its number and queues it if it is the next.
     *
     * @param payload digest of everything but the number
     * @param queue queues the example, false if that cannot be; must be quick
     * @throws Refused WRITER_FENCED if the lease was lost, SEQUENCE_GAP if numbers were skipped; what {@link #end} was
     *     given
     */
    synchronized Admission admit(WriterLease writer, long sequence, long payload, BooleanSupplier queue) {
        checkNotEnded();
        if (lease != writer) {
            throw fencing(writer.epoch(), newestEpoch);
        }
        long expected = admittedThrough + 1;
        if (sequence == 0 || Long.compareUnsigned(sequence, expected) > 0) {
            throw new Refused(
                    Reason.SEQUENCE_GAP,
                    "example.sequence: " + Long.toUnsignedString(sequence) + " (expected: " + expected + ")",
                    Map.of("expected", Long.toString(expected)));
        }
        if (sequence != expected) {
            boolean comparable = sequence > admittedThrough - REMEMBERED;
            return !comparable || payloads[place(sequence)] == payload ? Admission.DUPLICATE : Admission.CONFLICT;
        }
        // Everything that can fail comes before the number is admitted.
        int place = place(sequence);
        if (place >= payloads.length) {
            payloads = Arrays.copyOf(payloads, 2 * payloads.length);
        }
        if (!queue.getAsBoolean()) {
            return Admission.CLOSED;
        }
        payloads[place] = payload;
        admittedThrough = sequence;
        verifyState();
        return Admission.QUEUED;
    }

    /**
     * Queues a task between two examples.
     *
     * @param queue queues it, false if that cannot be; must be quick
     * @throws Refused as {@link #admit} for a lease that was lost
     */
    synchronized boolean queueBetween(WriterLease writer, BooleanSupplier queue) {
        checkNotEnded();
        if (lease != writer) {
            throw fencing(writer.epoch(), newestEpoch);
        }
        return queue.getAsBoolean();
    }

    @GuardedBy("this")
    private void checkNotEnded() {
        if (ended != null) {
            throw ended;
        }
    }

    private static int place(long sequence) {
        return (int) (sequence % REMEMBERED);
    }

    private static Refused fencing(long older, long newer) {
        return new Refused(
                Reason.WRITER_FENCED,
                "writer_epoch: " + Long.toUnsignedString(older) + " (expected: at least " + Long.toUnsignedString(newer)
                        + ", the newest writer's)",
                Map.of("newest_epoch", Long.toUnsignedString(newer)));
    }

    @GuardedBy("this")
    private void verifyState() {
        WriterLease held = lease;
        if (held != null && ended != null) {
            throw new IllegalStateException("lease: present after the end (expected: none)");
        }
        if (held != null && held.epoch() != newestEpoch) {
            throw new IllegalStateException("epoch of the lease: " + Long.toUnsignedString(held.epoch())
                    + " (expected: the newest, " + Long.toUnsignedString(newestEpoch) + ")");
        }
        if (admittedThrough < 0 || (admittedThrough < REMEMBERED && admittedThrough >= payloads.length)) {
            throw new IllegalStateException("admitted through: " + admittedThrough + " with " + payloads.length
                    + " payloads (expected: one for each number)");
        }
    }
}
