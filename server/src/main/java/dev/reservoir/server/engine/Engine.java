// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.Target;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Accepts work from any thread, runs it on lanes, and answers through completions.
 *
 * <p>Guarantees: every request ends exactly once; work whose caller is gone is dropped before it starts; a head's
 * examples are learned in the order of submission, by one lane at a time; the queue of serving work is bounded and
 * refuses with {@link Reason#OVERLOADED} when full, that of training work is bounded by whoever hands out credits.
 */
public final class Engine implements AutoCloseable {
    private final FeatureCache cache;
    private final EngineMetrics measured;
    private final LaneQueue queue;
    private final WorkPrices prices;
    private final ServingDispatcher serving;
    private final LongSupplier clock;
    private final List<Lane> lanes = new ArrayList<>();

    /**
     * @param lanes threads that run batches, at least 1
     * @param featureCacheBytes bound of the feature cache; 0 switches it off
     */
    public record Settings(BatchPolicy policy, int lanes, long featureCacheBytes) {
        public Settings {
            if (lanes < 1 || featureCacheBytes < 0) {
                throw new IllegalArgumentException("lanes: " + lanes + ", featureCacheBytes: " + featureCacheBytes
                        + " (expected: at least 1, at least 0)");
            }
        }
    }

    /**
     * Starts the lanes.
     *
     * @param helpers threads that help lanes with the answers of many heads to one observation; may reject work
     * @param clock a monotonic clock in nanoseconds
     * @param metrics registry of the engine's metrics, which can hold them once
     */
    public Engine(Substrate substrate, Settings settings, Executor helpers, LongSupplier clock, Metrics metrics) {
        this.cache = new FeatureCache(settings.featureCacheBytes, metrics);
        this.queue = new LaneQueue(settings.policy, clock);
        this.prices = new WorkPrices(substrate.info());
        this.serving = new ServingDispatcher(queue, cache, prices, helpers, clock);
        this.clock = clock;
        metrics.gauge("reservoir_queued_observations", "Observations that wait to be served.", queue::queuedServing);
        metrics.gauge("reservoir_queued_training_tasks", "Training tasks that wait.", queue::queuedTraining);
        measured = new EngineMetrics(metrics);
        Lane.Instruments instruments = new Lane.Instruments(clock, measured);
        for (int i = 0; i < settings.lanes; i++) {
            lanes.add(new Lane("lane-" + i, substrate, cache, queue, instruments));
        }
        lanes.forEach(Lane::start);
    }

    /**
     * Predicts one observation with heads of one tenant; heads that read it through the same encoder share one pass.
     *
     * @param encoder turns each head's outcome into the result that the completion receives
     * @param completion receives the results in the order of the heads; is refused if no head has an answer
     */
    public <R> void predict(Call call, Query query, OutcomeEncoder<R> encoder, Completion<List<R>> completion) {
        serving.predict(call, query, encoder, completion);
    }

    /** Turns one observation into features. */
    public void embed(
            Call call, ObservationEncoder encoder, HashedObservation observation, Completion<Features> completion) {
        serving.embed(call, encoder, observation, completion);
    }

    /**
     * Prepares an example to be queued: admits its observation and looks its features up. May take long, and must not
     * be called under a lock. An invalid example is returned as its refusal.
     */
    public PreparedExample prepare(
            LiveHead head, long sequence, HashedObservation observation, Target target, TrainingListener listener) {
        try {
            HeadVersion version = head.published();
            TrainingTask.Content content = content(head, version.snapshot(), observation, target);
            int tokens = prices.example(version.spec().learning(), content);
            return new PreparedExample(
                    new TrainingTask.Example(head, sequence, content, listener, tokens, clock.getAsLong()));
        } catch (Refused refused) {
            return prepareRefusal(head, sequence, refused, listener);
        }
    }

    private TrainingTask.Content content(
            LiveHead head, HeadSnapshot snapshot, HashedObservation observation, Target target) {
        ObservationEncoder encoder = snapshot.exampleEncoder();
        if (encoder == null) {
            return new TrainingTask.Content(snapshot.encoder().admit(observation.observation()), null, target);
        }
        FeatureRequest features = FeatureRequest.of(head.name().tenant(), encoder, new Admissions(observation), cache);
        return new TrainingTask.Content(features.observation(), features, target);
    }

    /** Prepares the refusal of an example, so that it is acknowledged in its turn. */
    public PreparedExample prepareRefusal(LiveHead head, long sequence, Refused why, TrainingListener listener) {
        return new PreparedExample(new TrainingTask.Refusal(head, sequence, why, listener, clock.getAsLong()));
    }

    /**
     * Queues an example that its head's writer admits; examples of one head are queued in the order of their numbers.
     * The caller bounds how many are outstanding (credits).
     *
     * @return false if the engine is closed and the example is not queued
     */
    public boolean queue(PreparedExample example) {
        return switch (queue.offer(example.task)) {
            case TAKEN, FULL -> true;
            case DELETED -> {
                example.task.headDeleted();
                yield true;
            }
            case CLOSED -> false;
        };
    }

    /**
     * Queues the end of the minibatch that a head is gathering: its examples are learned as if it were full. The
     * listener is then notified, with zero more examples handled, of the version that has learned them.
     *
     * @return false if the engine is closed
     */
    public boolean flush(LiveHead head, TrainingListener listener) {
        return queue(new PreparedExample(new TrainingTask.Flush(head, listener, clock.getAsLong())));
    }

    /** Changes a head's specification, between two examples. */
    public void update(LiveHead head, SpecUpdate change, Completion<HeadVersion> completion) {
        TrainingTask task = new TrainingTask.Update(head, change, completion, clock.getAsLong());
        switch (queue.offer(task)) {
            case TAKEN, FULL -> {}
            case DELETED -> task.headDeleted();
            case CLOSED -> task.engineStopped();
        }
    }

    /**
     * Drops a deleted head's queued work and frees its learner: immediately, or when the lane that works on the head
     * has finished its batch.
     */
    public void forget(LiveHead head) {
        LaneQueue.Dropped dropped = queue.drop(head);
        dropped.tasks().forEach(TrainingTask::headDeleted);
        if (dropped.retired()) {
            head.learner().close();
        }
    }

    public EngineStatus status() {
        return new EngineStatus(
                lanes.size(),
                queue.queuedServing(),
                queue.queuedTraining(),
                measured.batches(),
                cache.bytes(),
                cache.limitBytes());
    }

    /**
     * Accepts no more work, ends all queued work with {@link Reason#STOPPING}, and waits until the lanes have ended.
     */
    @Override
    public void close() {
        queue.close();
        for (ServingTask task : queue.drainServing()) {
            task.refuse(stopping());
        }
        queue.drainTraining().forEach(TrainingTask::engineStopped);
        for (Lane lane : lanes) {
            lane.join();
        }
    }

    /**
     * Whether batches are run.
     *
     * @param fault why a lane is not working although it should; empty if all are healthy
     */
    public record Health(boolean serving, String fault) {}

    /** The engine serves as long as one lane is healthy. */
    public Health health() {
        int atWork = 0;
        String fault = "";
        for (Lane lane : lanes) {
            String one = lane.fault();
            atWork += one.isEmpty() ? 1 : 0;
            fault = fault.isEmpty() ? one : fault;
        }
        return new Health(atWork > 0, fault);
    }

    static Refused stopping() {
        return new Refused(Reason.STOPPING, "server: stopping (expected: one that runs)");
    }

    /**
     * @param lanes threads that run batches
     * @param queuedServing observations waiting to be served
     * @param queuedTraining examples waiting to be learned
     * @param batches that lanes have run, of both kinds
     */
    public record EngineStatus(
            int lanes,
            int queuedServing,
            int queuedTraining,
            long batches,
            long featureCacheBytes,
            long featureCacheLimitBytes) {}

    /** An example, or its refusal, ready to be queued. */
    public static final class PreparedExample {
        private final TrainingTask task;

        private PreparedExample(TrainingTask task) {
            this.task = task;
        }
    }

    /**
     * Receives the end of a request: exactly one call of one method, on any thread, the caller's own included. Must be
     * quick. Only if {@link #completed} throws does {@link #refused} follow, so that the caller hears something.
     */
    public interface Completion<R> {
        void completed(R result);

        void refused(Refused why);
    }

    /**
     * The caller and its deadline. Work whose caller is gone or whose deadline has passed is dropped before it starts.
     *
     * @param deadlineNanos on the engine's clock; {@link Long#MAX_VALUE} for none
     * @param cancelled whether the caller went away; called on any thread
     */
    public record Call(String tenant, long deadlineNanos, BooleanSupplier cancelled) {}

    /**
     * A prediction request: an observation, and heads of one tenant that answer with at most {@code maxScores} scores
     * each.
     */
    public record Query(List<LiveHead> heads, HashedObservation observation, int maxScores) {}

    /** Turns a head's outcome into a result. Called by several threads concurrently. */
    public interface OutcomeEncoder<R> {
        /** @param index of the head in {@link Query#heads} */
        R encode(int index, HeadOutcome outcome);
    }

    /**
     * One head's answer, or why it has none: exactly one of {@code prediction} and {@code refused} is present.
     *
     * @param version that answered; null if there is no such head
     */
    public record HeadOutcome(
            HeadName head,
            @Nullable HeadVersion version,
            @Nullable Prediction prediction,
            @Nullable Refused refused) {

        /** The answer of a version. */
        static HeadOutcome answered(HeadVersion version, Prediction prediction) {
            return new HeadOutcome(version.spec().name(), version, prediction, null);
        }

        /** Why a version has no answer. */
        static HeadOutcome failed(HeadVersion version, Refused why) {
            return new HeadOutcome(version.spec().name(), version, null, why);
        }

        /** There is no such head. */
        public static HeadOutcome missing(HeadName head, Refused why) {
            return new HeadOutcome(head, null, null, why);
        }
    }

    /**
     * A change of a head's specification, applied to the specification that is current by then, so that no change
     * undoes another.
     */
    public interface SpecUpdate {
        /**
         * @param labels all labels of the head, declared and learned
         * @throws Refused if the change cannot be made
         */
        HeadSpec apply(HeadSpec now, List<String> labels);
    }
}
