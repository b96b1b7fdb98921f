package dev.reservoir.server.engine;

import dev.reservoir.heads.Substrate;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that runs batches until its queue closes. Only lanes touch tensors. */
final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private final LaneQueue queue;
    private final ServingStep serving;
    private final TrainingStep training;
    private final LongSupplier clock;
    private final Thread thread;
    /** What the training batch under way was interrupted for; read and written by the lane's thread alone. */
    private long pausedNanos;

    Lane(String name, Substrate substrate, FeatureCache cache, LaneQueue queue, LongSupplier clock) {
        Substrate pausing = substrate.pausing(this::pause);
        this.queue = queue;
        this.serving = new ServingStep(new FeatureExtractor(substrate, cache));
        this.training = new TrainingStep(new FeatureExtractor(pausing, cache), pausing, this::pause);
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
                serve(serve);
            } else if (decision instanceof Decision.Train<ServingTask, TrainingTask> train) {
                train(train.slices());
            }
            decision = queue.take();
        }
    }

    private void serve(Decision.Serve<ServingTask, TrainingTask> batch) {
        long began = clock.getAsLong();
        batch.abandoned().forEach(task -> task.abandon(began));
        if (batch.items().isEmpty()) {
            return;
        }
        try {
            serving.run(batch.items());
        } catch (Throwable e) {
            LOG.error("A serving batch failed; the lane goes on", e);
        }
        queue.finishedServing(batch.items().size(), clock.getAsLong() - began);
    }

    private void train(List<Decision.Slice<TrainingTask>> slices) {
        long began = clock.getAsLong();
        pausedNanos = 0;
        try {
            long tokens = training.run(slices);
            queue.measured(tokens, clock.getAsLong() - began - pausedNanos);
        } catch (Throwable e) {
            LOG.error("A training batch failed; the lane goes on", e);
        } finally {
            for (LiveHead head : queue.finishedTraining(slices)) {
                head.learner().close();
            }
        }
    }

    /** Called between the parts of a training batch: serves one batch if one waits and no lane is free for it. */
    private void pause() {
        Decision.Serve<ServingTask, TrainingTask> batch = queue.takeBetween();
        long began = clock.getAsLong();
        serve(batch);
        pausedNanos += clock.getAsLong() - began;
    }
}
