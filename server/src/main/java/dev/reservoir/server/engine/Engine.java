package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Published;
import java.util.List;

/**
 * Takes work from any thread, runs it on lanes, and answers through completions.
 *
 * <p>Guarantees: every request ends exactly once; work whose caller is gone is dropped before it starts; a head's examples are learned in
 * the order in which they were handed in, by one lane at a time; queues are bounded and a full one refuses with {@link
 * dev.reservoir.heads.Reason#OVERLOADED}.
 */
public interface Engine extends AutoCloseable {

    /** Predicts one observation with heads of one tenant; heads that read it through the same encoder share one pass. */
    void predict(
            Call call,
            List<LiveHead> heads,
            Observation observation,
            int maxScores,
            Completion<List<HeadOutcome>> completion);

    /** Turns one observation into features. */
    void embed(Call call, ObservationEncoder encoder, Observation observation, Completion<Features> completion);

    /** Queues an example that its head's writer admitted. The caller bounds how many are outstanding (credits). */
    void train(LiveHead head, long sequence, Observation observation, Target target, TrainingListener listener);

    /** Queues the refusal of an admitted example, so that it is acknowledged in its turn. */
    void refuse(LiveHead head, long sequence, Refused why, TrainingListener listener);

    /** Changes what may be changed of a specification, between two examples. */
    void update(LiveHead head, HeadSpec changed, Completion<Published> completion);

    /** Drops a deleted head's queued examples and frees its learner when its turn ends. */
    void forget(LiveHead head);

    EngineStatus status();

    /** Takes no more work, ends what is queued with {@link dev.reservoir.heads.Reason#STOPPING}, waits for the lanes. */
    @Override
    void close();

    /**
     * @param lanes threads that run batches
     * @param queuedServing observations waiting to be served
     * @param queuedTraining examples waiting to be learned
     */
    record EngineStatus(
            int lanes, int queuedServing, int queuedTraining, long featureCacheBytes, long featureCacheLimitBytes) {}
}
