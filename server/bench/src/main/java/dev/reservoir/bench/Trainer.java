// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Target;
import dev.reservoir.server.Core;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** Queues examples in an engine, a limited number of them at a time. For one thread. */
final class Trainer {
    private final Core core;
    private final int credits;
    private final Semaphore left;
    private final AtomicInteger refused = new AtomicInteger();
    private final TrainingListener listener = new TrainingListener() {
        @Override
        public void handled(int handled, List<Refusal> refusals, HeadVersion published) {
            refused.addAndGet(refusals.size());
            left.release(handled);
        }

        @Override
        public void deleted() {
            throw new IllegalStateException("deleted (expected: a head that stays)");
        }

        @Override
        public void stopped() {
            throw new IllegalStateException("stopped (expected: an engine that runs)");
        }
    };

    /** @param credits most examples queued at a time; further ones wait */
    Trainer(Core core, int credits) {
        this.core = core;
        this.credits = credits;
        this.left = new Semaphore(credits);
    }

    /** @param sequence of the example, counted from 1 for each head */
    void queue(LiveHead head, long sequence, Observation observation, Target target) {
        left.acquireUninterruptibly();
        core.engine()
                .queue(core.engine().prepare(head, sequence, new HashedObservation(observation), target, listener));
    }

    /**
     * Waits until every queued example is learned.
     *
     * @throws IllegalStateException if one was refused
     */
    void await() {
        left.acquireUninterruptibly(credits);
        left.release(credits);
        if (refused.get() > 0) {
            throw new IllegalStateException(refused.get() + " examples refused (expected: none)");
        }
    }
}
