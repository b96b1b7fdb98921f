// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import dev.reservoir.heads.Refused;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A writer's stream and the one that takes over from it, on two threads: under every interleaving that Lincheck's model
 * checker tries, examples are queued in the order of their numbers, each once, and no number is lost.
 */
@Timeout(60)
class WriterTakeOverTest {
    private static final int INVOCATIONS = 2_000;

    @Test
    void examplesAreQueuedInOrderWhoeverIsTheWriter() {
        Lincheck.runConcurrentTest(INVOCATIONS, () -> {
            HeadWriter writer = new HeadWriter();
            List<Long> queue = new ArrayList<>();
            WriterLease first = open(writer);
            Thread older = new Thread(() -> offer(writer, first, queue, 1));
            Thread newer = new Thread(() -> {
                WriterLease second = open(writer);
                offer(writer, second, queue, second.nextSequence());
            });
            older.start();
            newer.start();
            join(older);
            join(newer);
            List<Long> expected = new ArrayList<>();
            for (long i = 1; i <= writer.admittedThrough(); i++) {
                expected.add(i);
            }
            if (!queue.equals(expected)) {
                throw new AssertionError("queued: " + queue + " (expected: " + expected + ")");
            }
        });
    }

    private static WriterLease open(HeadWriter writer) {
        WriterLease lease = new WriterLease(null, writer, why -> {});
        writer.open(0, lease);
        return lease;
    }

    /** Two examples, replayed from {@code next} on, until the lease is lost. */
    private static void offer(HeadWriter writer, WriterLease lease, List<Long> queue, long next) {
        try {
            for (long sequence = next; sequence < next + 2; sequence++) {
                long number = sequence;
                writer.admit(lease, number, number, () -> queue.add(number));
            }
        } catch (Refused fenced) {
            // The other one continues.
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
