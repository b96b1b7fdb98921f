package dev.reservoir.server.engine;

import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import dev.reservoir.server.schedule.Work;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that runs batches until its queue closes. The only threads that touch tensors. */
final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private final LaneQueue queue;
    private final ServingStep serving;
    private final TrainingStep training;
    private final Consumer<LiveHead> reaper;
    private final LongSupplier clock;
    private final Thread thread;

    /** @param reaper frees a head that was deleted while it had its turn */
    Lane(
            String name,
            LaneQueue queue,
            ServingStep serving,
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
            long began = clock.getAsLong();
            try {
                long tokens = run(decision);
                long nanos = clock.getAsLong() - began;
                queue.measured(tokens, nanos);
                if (decision instanceof Decision.Serve<ServingTask, TrainingTask> serve) {
                    queue.finishedServing(serve.items().size(), nanos);
                }
            } catch (Throwable e) {
                LOG.error("A batch failed; the lane goes on", e);
            }
            decision = queue.take();
        }
    }

    /** @return tokens worth of work that was done */
    private long run(Decision<ServingTask, TrainingTask> decision) {
        if (decision instanceof Decision.Serve<ServingTask, TrainingTask> serve) {
            serving.run(serve.items());
            return tokens(serve.items());
        }
        if (decision instanceof Decision.Train<ServingTask, TrainingTask> train) {
            try {
                return training.run(train.slices());
            } finally {
                queue.finishedTraining(train.slices());
                for (Decision.Slice<TrainingTask> slice : train.slices()) {
                    LiveHead head = (LiveHead) slice.flow();
                    if (head.deleted()) {
                        reaper.accept(head);
                    }
                }
            }
        }
        return 0;
    }

    private static long tokens(List<? extends Work> items) {
        return items.stream().mapToLong(Work::tokens).sum();
    }
}
