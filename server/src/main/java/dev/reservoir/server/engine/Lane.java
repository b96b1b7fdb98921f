// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Substrate;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that runs batches until its queue closes. Only lanes touch tensors. Neither an exception nor an interrupt
 * ends the thread: a failing batch ends its requests, and if the queue itself fails the lane backs off and tries again.
 */
final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    /** The first back-off after a failure; doubled by each consecutive failure. */
    private static final long BACK_OFF_NANOS = 1_000_000;

    private static final long LONGEST_BACK_OFF_NANOS = 1_000_000_000;
    /** A lane is unhealthy after this many consecutive failures. */
    private static final int FAILURES = 3;
    /** A batch that takes longer is considered hung: it should take a tenth of a second. */
    private static final long HANGS_NANOS = 60_000_000_000L;

    private static final long IDLE = Long.MIN_VALUE;

    private final LaneQueue queue;
    private final FeatureExtractor serving;
    private final FeatureExtractor training;
    /** Runs passes that pause for more urgent work. */
    private final Substrate pausing;

    private final EngineMetrics metrics;
    private final LongSupplier clock;
    private final Thread thread;
    /** Time that the running training batch was interrupted for; confined to the lane's thread. */
    private long pausedNanos;

    /** Start of the running batch, or {@link #IDLE}. */
    private volatile long busySinceNanos = IDLE;

    private volatile int failuresInARow;

    Lane(String name, Substrate substrate, FeatureCache cache, LaneQueue queue, Instruments instruments) {
        this.pausing = substrate.pausing(this::pause);
        this.queue = queue;
        this.serving = new FeatureExtractor(substrate, cache);
        this.training = new FeatureExtractor(pausing, cache);
        this.metrics = instruments.metrics;
        this.clock = instruments.clock;
        this.thread = new Thread(this::run, name);
    }

    /** The clock and the metrics of a lane. */
    record Instruments(LongSupplier clock, EngineMetrics metrics) {}

    void start() {
        thread.start();
    }

    /**
     * Waits until the thread has ended, whatever interrupts the caller: a lane still in native code would crash the
     * process.
     */
    void join() {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Why the lane is not working although it should, or an empty string. Any thread. */
    String fault() {
        long since = busySinceNanos;
        if (!thread.isAlive()) {
            return thread.getName() + " has ended";
        }
        if (failuresInARow >= FAILURES) {
            return thread.getName() + " failed " + failuresInARow + " times in a row";
        }
        long busy = since == IDLE ? 0 : clock.getAsLong() - since;
        return busy > HANGS_NANOS ? thread.getName() + " has been in one batch for " + busy / 1_000_000 + " ms" : "";
    }

    private void run() {
        boolean open = true;
        while (open) {
            try {
                open = runNext();
                failuresInARow = 0;
            } catch (Throwable e) {
                failed(e);
            } finally {
                busySinceNanos = IDLE;
            }
        }
    }

    /** Runs the next batch. Returns false if the queue is closed. */
    private boolean runNext() {
        Decision<ServingTask, TrainingTask> decision = queue.take();
        if (decision == null) {
            return false;
        }
        busySinceNanos = clock.getAsLong();
        if (decision instanceof Decision.Serve<ServingTask, TrainingTask> serve) {
            serve(serve);
        } else if (decision instanceof Decision.Train<ServingTask, TrainingTask> train) {
            train(train.slices());
        }
        return true;
    }

    private void failed(Throwable thrown) {
        // Written by the lane's thread only, read by others.
        int failures = failuresInARow + 1;
        failuresInARow = failures;
        try {
            metrics.laneFailures.increment();
            LOG.error("A lane's work failed as a whole; the lane continues", thrown);
            queue.backOff(Math.min(LONGEST_BACK_OFF_NANOS, BACK_OFF_NANOS << Math.min(failures, 20)));
        } catch (Throwable e) {
            // Out of memory, most likely. The next attempt will show.
            thrown.addSuppressed(e);
        }
    }

    private void serve(Decision.Serve<ServingTask, TrainingTask> decision) {
        long began = clock.getAsLong();
        ServingBatch batch = new ServingBatch(decision.items());
        try {
            for (ServingTask task : decision.abandoned()) {
                task.abandon(began);
            }
            metrics.abandoned.add(decision.abandoned().size());
            if (batch.size() == 0) {
                return;
            }
            for (ServingTask task : decision.items()) {
                metrics.queueNanos.record(began - task.arrivalNanos());
            }
            batch.run(serving);
        } catch (Throwable e) {
            batch.failAll(e);
        } finally {
            clearInterrupt();
        }
        long nanos = clock.getAsLong() - began;
        metrics.observations.add(batch.size());
        metrics.servingNanos.record(nanos);
        queue.finishedServing(batch.size(), nanos);
    }

    private void train(List<Decision.Slice<TrainingTask>> slices) {
        long began = clock.getAsLong();
        pausedNanos = 0;
        try {
            TrainingBatch batch = new TrainingBatch(slices);
            long tokens = 0;
            try {
                tokens = batch.run(training, pausing, this::pause);
            } catch (Throwable e) {
                batch.failAll(e);
            }
            long nanos = clock.getAsLong() - began - pausedNanos;
            metrics.trainingTasks.add(
                    slices.stream().mapToInt(slice -> slice.items().size()).sum());
            metrics.trainingNanos.record(nanos);
            queue.measured(tokens, nanos);
        } finally {
            clearInterrupt();
            for (LiveHead head : queue.finishedTraining(slices)) {
                close(head);
            }
        }
    }

    /** An interrupt that a request's callback left behind must not reach what the lane does next. */
    private static void clearInterrupt() {
        Thread.interrupted();
    }

    /** A head that fails to close does not keep the others from being closed. */
    private static void close(LiveHead head) {
        try {
            head.learner().close();
        } catch (Throwable e) {
            LOG.error("The learner of deleted head {} could not be closed", head.name(), e);
        }
    }

    /**
     * Called between the parts of a training batch: serves one batch if one waits and no lane is free for it. Never
     * fails.
     */
    private void pause() {
        try {
            long began = clock.getAsLong();
            serve(queue.takeBetween());
            pausedNanos += clock.getAsLong() - began;
        } catch (Throwable e) {
            LOG.error("A training batch could not pause; it continues", e);
        }
    }
}
