// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.codec.ObservationCodec;
import dev.reservoir.heads.codec.TargetCodec;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.Engine.PreparedExample;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Subscription;
import dev.reservoir.v1.Example;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Takes examples in: leases the right to write to a head, decodes what a writer offers, and in one step admits its
 * number and queues it.
 *
 * <p>Guarantees: a head has one writer at a time; its examples are queued in the order of their numbers, without a gap
 * and each once, whatever threads the writers offer on; an invalid example keeps its number and is queued as its
 * refusal, so that acknowledgement stays cumulative; an offer that fails admits no number. Thread-safe.
 */
public final class ExampleIntake {
    private final HeadRegistry registry;
    private final Engine engine;
    private final HeldObservations held;
    /** The writers of heads that have been written to. */
    private final ConcurrentHashMap<LiveHead, HeadWriter> writers = new ConcurrentHashMap<>();

    /** The outcome of offering an example. */
    public enum Outcome {
        /** It, or its refusal, is queued: the listener will be notified. */
        QUEUED,
        /** Its number was used before with the same payload; it is acknowledged once that number is handled. */
        DUPLICATE,
        /** Its number was used before with another payload. */
        CONFLICT,
        /** The server is stopping, and its number is not admitted. */
        STOPPED
    }

    public ExampleIntake(HeadRegistry registry, Engine engine, HeldObservations held) {
        this.registry = registry;
        this.engine = engine;
        this.held = held;
        registry.whenDeleted(this::forget);
    }

    /** The observations that wait for their truth. */
    public HeldObservations held() {
        return held;
    }

    /**
     * Acquires the right to write to a head.
     *
     * @param epoch the writer's, unsigned; 0 for the one after the newest
     * @param whenLost called at most once, on another thread, when a newer writer takes over or the head is deleted
     * @throws Refused HEAD_NOT_FOUND, HEAD_FAILED, WRITER_FENCED if a newer epoch was seen
     */
    public WriterLease open(HeadName name, long epoch, Consumer<Refused> whenLost) {
        LiveHead head = registry.get(name);
        HeadVersion published = head.published();
        if (published.failure() != null) {
            throw failed(published);
        }
        HeadWriter writer = writers.computeIfAbsent(head, unused -> new HeadWriter());
        WriterLease lease = new WriterLease(head, writer, whenLost);
        writer.open(epoch, lease);
        if (head.deleted()) {
            writers.remove(head);
            lease.close();
            throw HeadRegistry.notFound(name);
        }
        return lease;
    }

    /**
     * Takes an example in. Decoding and hashing a large one takes long, so event loops call this on another thread; one
     * writer's offers must not overlap.
     *
     * @param listener is notified of the outcome of an example that is queued, possibly before this returns
     * @throws Refused WRITER_FENCED if the lease was lost, SEQUENCE_GAP if numbers were skipped
     */
    public Outcome offer(WriterLease lease, long sequence, Example payload, TrainingListener listener) {
        Decoded decoded = decode(lease.head(), sequence, payload, listener);
        HeadWriter.Admission admission =
                lease.writer().admit(lease, sequence, decoded.payload, () -> engine.queue(decoded.example));
        return switch (admission) {
            case QUEUED -> Outcome.QUEUED;
            case DUPLICATE -> Outcome.DUPLICATE;
            case CONFLICT -> Outcome.CONFLICT;
            case CLOSED -> Outcome.STOPPED;
        };
    }

    /**
     * Ends the minibatch that a head is gathering, in the order of the writer's examples; the examples in it are
     * learned as if it were full.
     *
     * @param listener is notified, with zero more examples handled, once that is done
     * @return false if the server is stopping
     * @throws Refused WRITER_FENCED if the lease was lost
     */
    public boolean flush(WriterLease lease, TrainingListener listener) {
        return lease.writer().queueBetween(lease, () -> engine.flush(lease.head(), listener));
    }

    /** Calls back once a number is handled or the head is deleted, immediately if that is already so. */
    public Subscription whenHandled(WriterLease lease, long sequence, Runnable handled) {
        return lease.head().whenApplied(sequence, handled);
    }

    /** The last accepted number of a head; 0 if there is none. */
    public long admittedThrough(LiveHead head) {
        HeadWriter writer = writers.get(head);
        return writer == null ? 0 : writer.admittedThrough();
    }

    /** The refusal of an example whose number was used before with another payload. */
    public static Refused conflict(long sequence) {
        return new Refused(
                Reason.SEQUENCE_CONFLICT,
                "example.sequence: " + Long.toUnsignedString(sequence)
                        + " with another payload (expected: the payload it had before, or a new number)");
    }

    /** The refusal of examples by a head that has failed. */
    public static Refused failed(HeadVersion published) {
        return new Refused(
                Reason.HEAD_FAILED,
                "head: " + published.spec().name() + " failed, " + published.failure()
                        + " (expected: a head that learns)");
    }

    private void forget(LiveHead head) {
        HeadWriter writer = writers.remove(head);
        if (writer != null) {
            writer.end(HeadRegistry.notFound(head.name()));
        }
        held.forgetUnless(head.name().tenant(), registry::hasHeads);
    }

    private Decoded decode(LiveHead head, long sequence, Example example, TrainingListener listener) {
        PayloadDigest digest = new PayloadDigest();
        try {
            Target target = TargetCodec.decode("example.target", example.getTarget());
            if (example.getInputCase() != Example.InputCase.OBSERVATION_ID) {
                HashedObservation observation =
                        new HashedObservation(ObservationCodec.decode("example.observation", example.getObservation()));
                return new Decoded(
                        digest.of(observation.digest(), target),
                        engine.prepare(head, sequence, observation, target, listener));
            }
            long payload = digest.of(example.getObservationId(), target);
            return new Decoded(payload, heldExample(head, sequence, example.getObservationId(), target, listener));
        } catch (Refused refused) {
            return new Decoded(digest.ofUnreadable(example), engine.prepareRefusal(head, sequence, refused, listener));
        }
    }

    private PreparedExample heldExample(
            LiveHead head, long sequence, String id, Target target, TrainingListener listener) {
        HashedObservation observation;
        try {
            observation = held.get(head.name().tenant(), id);
        } catch (Refused unknown) {
            return engine.prepareRefusal(head, sequence, unknown, listener);
        }
        return engine.prepare(head, sequence, observation, target, listener);
    }

    /** An example that is ready to be admitted. */
    private static final class Decoded {
        private final long payload;
        private final PreparedExample example;

        Decoded(long payload, PreparedExample example) {
            this.payload = payload;
            this.example = example;
        }
    }
}
