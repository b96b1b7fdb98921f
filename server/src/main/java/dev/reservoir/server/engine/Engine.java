package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes work from any thread, runs it on lanes, and answers through completions.
 *
 * <p>Guarantees: every request ends exactly once; work whose caller is gone is dropped before it starts; a head's examples are learned in
 * the order in which they were handed in, by one lane at a time; the queue of serving work is bounded and refuses with {@link
 * Reason#OVERLOADED} when full, that of training work is bounded by whoever hands out credits.
 */
public final class Engine implements AutoCloseable {
    private final FeatureCache cache;
    private final LaneQueue queue;
    private final LongSupplier clock;
    private final List<Lane> lanes = new ArrayList<>();
    private final double flopsPerToken;

    /**
     * Starts the lanes.
     *
     * @param laneCount threads that run batches, at least 1
     * @param featureCacheBytes bound of the feature cache; 0 switches it off
     * @param clock nanoseconds that only grow
     */
    public Engine(Substrate substrate, BatchPolicy policy, int laneCount, long featureCacheBytes, LongSupplier clock) {
        this.cache = new FeatureCache(featureCacheBytes);
        this.queue = new LaneQueue(policy, clock);
        this.clock = clock;
        this.flopsPerToken = substrate.info().shape().flopsPerToken();
        for (int i = 0; i < laneCount; i++) {
            lanes.add(new Lane("lane-" + i, substrate, cache, queue, clock));
        }
        lanes.forEach(Lane::start);
    }

    /** Predicts one observation with heads of one tenant; heads that read it through the same encoder share one pass. */
    public void predict(
            Call call,
            List<LiveHead> heads,
            HashedObservation observation,
            int maxScores,
            Completion<List<HeadOutcome>> completion) {
        Map<ObservationEncoder, List<Integer>> byEncoder = new LinkedHashMap<>();
        @Nullable HeadVersion[] bound = new HeadVersion[heads.size()];
        for (int i = 0; i < bound.length; i++) {
            HeadVersion published = heads.get(i).published();
            ObservationEncoder learned = published.snapshot().encoder();
            // Its next version may read features of another kind: of its own parts, or of its companion.
            if (heads.get(i).learner() instanceof FptLearner) {
                bound[i] = published;
            }
            byEncoder
                    .computeIfAbsent(learned != null ? learned : heads.get(i).encoder(), unused -> new ArrayList<>())
                    .add(i);
        }
        PredictionFan fan = new PredictionFan(heads, bound, maxScores, byEncoder.size(), completion);
        byEncoder.forEach((encoder, indices) -> read(
                call,
                encoder,
                observation,
                fan.part(indices.stream().mapToInt(Integer::intValue).toArray())));
    }

    /** Turns one observation into features. */
    public void embed(
            Call call, ObservationEncoder encoder, HashedObservation observation, Completion<Features> completion) {
        read(call, encoder, observation, completion);
    }

    private void read(
            Call call, ObservationEncoder encoder, HashedObservation observation, Completion<Features> completion) {
        FeatureRequest reading;
        try {
            reading = FeatureRequest.of(call.tenant(), encoder, observation, cache);
        } catch (Refused refused) {
            completion.refused(refused);
            return;
        }
        switch (queue.offer(List.of(new ServingTask(call, reading, clock.getAsLong(), completion)))) {
            case TAKEN -> {}
            case FULL ->
                completion.refused(
                        new Refused(Reason.OVERLOADED, "queue: full (expected: a client that waits for answers)"));
            case CLOSED, DELETED -> completion.refused(stopping());
        }
    }

    /**
     * Prepares an example to be queued: admits its observation and looks its features up. May take long, and must not be
     * called under a lock. An example that is wrong by itself comes back as its refusal.
     */
    public PreparedExample prepare(
            LiveHead head, long sequence, HashedObservation observation, Target target, TrainingListener listener) {
        try {
            FeatureRequest reading = TrainingTask.readsFeatures(head)
                    ? FeatureRequest.of(head.name().tenant(), head.encoder(), observation, cache)
                    : FeatureRequest.uncached(head.encoder(), observation);
            int tokens = tokens(head, reading);
            return new PreparedExample(
                    new TrainingTask.Example(head, sequence, reading, target, listener, tokens, clock.getAsLong()));
        } catch (Refused refused) {
            return prepareRefusal(head, sequence, refused, listener);
        }
    }

    /** Prepares the refusal of an example, so that it is acknowledged in its turn. */
    public PreparedExample prepareRefusal(LiveHead head, long sequence, Refused why, TrainingListener listener) {
        return new PreparedExample(new TrainingTask.Refusal(head, sequence, why, listener, clock.getAsLong()));
    }

    /**
     * Queues an example that its head's writer admits; examples of one head are queued in the order of their numbers. The caller bounds how many
     * are outstanding (credits).
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

    /** Changes what may be changed of a specification, between two examples. */
    public void update(LiveHead head, SpecUpdate change, Completion<HeadVersion> completion) {
        TrainingTask task = new TrainingTask.Update(head, change, completion, clock.getAsLong());
        switch (queue.offer(task)) {
            case TAKEN, FULL -> {}
            case DELETED -> task.headDeleted();
            case CLOSED -> task.engineStopped();
        }
    }

    /** Drops a deleted head's queued work and frees its learner, at once or when its turn ends. */
    public void forget(LiveHead head) {
        LaneQueue.Dropped dropped = queue.drop(head);
        dropped.tasks().forEach(TrainingTask::headDeleted);
        if (dropped.retired()) {
            head.learner().close();
        }
    }

    public EngineStatus status() {
        return new EngineStatus(
                lanes.size(), queue.queuedServing(), queue.queuedTraining(), cache.bytes(), cache.limitBytes());
    }

    /** Takes no more work, ends all that waits with {@link Reason#STOPPING}, and waits until the lanes have ended. */
    @Override
    public void close() {
        queue.close();
        for (ServingTask task : queue.drainServing()) {
            task.completion().refused(stopping());
        }
        queue.drainTraining().forEach(TrainingTask::engineStopped);
        for (Lane lane : lanes) {
            lane.join();
        }
    }

    /** What an example costs in substrate tokens: reading its features, the learning step, passes through the substrate. */
    private int tokens(LiveHead head, FeatureRequest reading) {
        LearningSpec learning = head.published().spec().learning();
        if (!(learning instanceof LearningSpec.Fpt fpt)) {
            return reading.tokens() + stepTokens(head, learning instanceof LearningSpec.RecursiveLeastSquares);
        }
        double pass = fpt.parts().isEmpty() ? 1 : 1 + FusedStep.BACKWARD_COST;
        int through = (int) (reading.observation().tokens() * pass * fpt.updatesPerExample());
        return fpt.companion() == null ? through : through + reading.tokens() + stepTokens(head, true);
    }

    /** What one example's step of a readout costs. Least squares make two products of the width of the features squared. */
    private int stepTokens(LiveHead head, boolean quadratic) {
        double width = head.encoder().featureWidth();
        return 1 + (int) ((quadratic ? 4 * width * width : 6 * width) / flopsPerToken);
    }

    static Refused stopping() {
        return new Refused(Reason.STOPPING, "server: stopping (expected: one that runs)");
    }

    /**
     * @param lanes threads that run batches
     * @param queuedServing observations waiting to be served
     * @param queuedTraining examples waiting to be learned
     */
    public record EngineStatus(
            int lanes, int queuedServing, int queuedTraining, long featureCacheBytes, long featureCacheLimitBytes) {}

    /** An example, or its refusal, that is ready to be queued. */
    public static final class PreparedExample {
        private final TrainingTask task;

        private PreparedExample(TrainingTask task) {
            this.task = task;
        }
    }

    /** Receives the end of a request: exactly one call of one method, on any thread, the caller's own included. Must be quick. */
    public interface Completion<R> {
        void completed(R result);

        void refused(Refused why);
    }

    /**
     * Who asks, and until when it matters. Work whose caller is gone or whose deadline has passed is dropped before it starts.
     *
     * @param deadlineNanos on the engine's clock; {@link Long#MAX_VALUE} for none
     * @param cancelled whether the caller went away; called on any thread
     */
    public record Call(String tenant, long deadlineNanos, BooleanSupplier cancelled) {}

    /** One head's answer, or why it has none: exactly one of {@code prediction} and {@code refused} is present. */
    public record HeadOutcome(
            HeadName head,
            @Nullable Prediction prediction,
            @Nullable Refused refused,
            long version,
            long appliedThrough) {}

    /** A change of a head's specification, applied to what the specification is by then, so that no change undoes another. */
    public interface SpecUpdate {
        /**
         * @param labels all that the head knows, declared and learned
         * @throws Refused if the change cannot be made
         */
        HeadSpec apply(HeadSpec now, List<String> labels);
    }
}
