package dev.reservoir.server.engine;

import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that runs batches until its queue closes. The only threads that touch tensors. */
final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private final LaneQueue queue;
    private final LaneServing serving;
    private final TrainingStep training;
    private final Consumer<LiveHead> reaper;
    private final LongSupplier clock;
    private final Thread thread;

    /** @param reaper frees a head that was deleted while it had its turn */
    Lane(
            String name,
            LaneQueue queue,
            LaneServing serving,
            TrainingStep training,
            Consumer<LiveHead> reaper,
            LongSupplier clock) {
        this.queue = queue;
        this.serving = serving;
        this.training = training;
        this.reaper = reaper;
        this.clock = clock;
        this.thread = new Thread(this::run, name);
    }

    void start() {
        thread.start();
    }

    /** Waits until the thread has ended, whatever interrupts the caller: leaving a lane in native code crashes the process. */
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

    private void run() {
        Decision<ServingTask, TrainingTask> decision = queue.take();
        while (decision != null) {
            if (decision instanceof Decision.Serve<ServingTask, TrainingTask> serve) {
                serving.run(serve.items());
            } else if (decision instanceof Decision.Train<ServingTask, TrainingTask> train) {
                train(train.slices());
            }
            decision = queue.take();
        }
    }

    private void train(List<Decision.Slice<TrainingTask>> slices) {
        long began = clock.getAsLong();
        try {
            long tokens = training.run(slices);
            queue.measured(tokens, clock.getAsLong() - began - serving.takePausedNanos());
        } catch (Throwable e) {
            serving.takePausedNanos();
            LOG.error("A training batch failed; the lane goes on", e);
        } finally {
            queue.finishedTraining(slices);
            for (Decision.Slice<TrainingTask> slice : slices) {
                LiveHead head = (LiveHead) slice.flow();
                if (head.deleted()) {
                    reaper.accept(head);
                }
            }
        }
    }
}
