package dev.reservoir.server.engine;

import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a lane's serving batches, also those for which a training batch pauses, and tells the queue how long they took. The lane's thread's. */
final class LaneServing {
    private static final Logger LOG = LoggerFactory.getLogger(LaneServing.class);

    private final LaneQueue queue;
    private final ServingStep step;
    private final LongSupplier clock;
    private long pausedNanos;

    LaneServing(LaneQueue queue, ServingStep step, LongSupplier clock) {
        this.queue = queue;
        this.step = step;
        this.clock = clock;
    }

    /** Runs a batch; never fails. */
    void run(List<ServingTask> tasks) {
        long began = clock.getAsLong();
        try {
            step.run(tasks);
        } catch (Throwable e) {
            LOG.error("A serving batch failed; the lane goes on", e);
        }
        queue.finishedServing(tasks.size(), clock.getAsLong() - began);
    }

    /** Called between the parts of a training batch: serves one batch if one waits and no lane is free for it. */
    void pause() {
        List<ServingTask> tasks = queue.takeBetween();
        if (!tasks.isEmpty()) {
            long began = clock.getAsLong();
            run(tasks);
            pausedNanos += clock.getAsLong() - began;
        }
    }

    /** Nanoseconds of pauses since the last call of this. */
    long takePausedNanos() {
        long taken = pausedNanos;
        pausedNanos = 0;
        return taken;
    }
}
