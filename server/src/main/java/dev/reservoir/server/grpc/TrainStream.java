// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.TrainingListener.Refusal;
import dev.reservoir.server.intake.ExampleIntake;
import dev.reservoir.server.intake.WriterLease;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.rpc.Calls;
import dev.reservoir.server.rpc.Flow;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One training stream: opening, then examples. An example is outstanding from its arrival until the {@link Progress}
 * that acknowledges it is written, so a client that does not read is soon not read from either, and its examples do not
 * pile up here.
 *
 * <pre>{@code
 * OPENING --open--> LEARNING --half-close--> DRAINING --all handled--> FLUSHING --flushed--> FLUSHED --> ENDED
 *    |                 |                      ^   |                      |                                ^
 *    +-----------------+--the server stops----+---|----------------------+                                |
 *                                                 +--all handled, no minibatch waits or the server stops--+
 * any --a refusal that ends it, the lease is lost, the head failed, the call is over--> ENDED
 * }</pre>
 *
 * <p>Confined to the call's context, but for {@link #offer}, which runs where payloads are decoded, one after the
 * other.
 */
final class TrainStream implements TrainInbox.Stream {
    private final ServerCall<TrainRequest, TrainResponse> call;
    private final TrainingService service;
    private final DecodeWorkers.Ordered decoding;
    private final Flow flow;
    private final TrainInbox inbox = new TrainInbox(this);
    private final Unacknowledged unacknowledged;

    private State state = State.OPENING;
    private @Nullable WriterLease lease;
    private boolean fetching;
    private boolean stopping;
    /** Set by an offer that ended the stream, so that no number behind it is admitted. */
    private volatile boolean failed;

    private enum State {
        OPENING,
        LEARNING,
        DRAINING,
        FLUSHING,
        FLUSHED,
        ENDED
    }

    TrainStream(ServerCall<TrainRequest, TrainResponse> call, TrainingService service) {
        this.call = call;
        this.service = service;
        this.decoding = service.workers().ordered();
        this.unacknowledged = new Unacknowledged(call.calls().statuses());
        this.flow = new Flow(
                service.credits(), Long.MAX_VALUE, call.calls().limits().streamBytes());
    }

    void start() {
        call.onMessage(this::arrived);
        call.onHalfClosed(this::drain);
        call.onWritable(this::acknowledge);
        call.onStop(() -> {
            stopping = true;
            drain();
        });
        call.onClosed(() -> state = State.ENDED);
        fetch();
    }

    private void fetch() {
        boolean reads = state == State.OPENING || state == State.LEARNING;
        if (reads && !fetching && flow.open() && (flow.idle() || !call.memoryScarce())) {
            fetching = true;
            call.fetch();
        }
    }

    private void arrived(TrainRequest request, int bytes) {
        fetching = false;
        if (state != State.OPENING && state != State.LEARNING) {
            return;
        }
        switch (request.getMessageCase()) {
            case OPEN -> open(request.getOpen());
            case EXAMPLE -> example(request.getExample(), bytes);
            case MESSAGE_NOT_SET -> throw order("neither open nor example");
        }
        verifyState();
        fetch();
    }

    private void open(OpenTraining open) {
        if (state != State.OPENING) {
            throw order("a second open");
        }
        WriterLease opened = service.intake()
                .open(
                        HeadName.parse(open.getHead()),
                        open.getWriterEpoch(),
                        why -> call.runOnContext(() -> endWith(why)));
        call.onClosed(opened::close);
        lease = opened;
        state = State.LEARNING;
        call.write(TrainResponse.newBuilder()
                .setOpened(Opened.newBuilder()
                        .setNextSequence(opened.nextSequence())
                        .setWriterEpoch(opened.epoch())
                        .setCredits(service.credits())
                        .setDurable(false))
                .build());
    }

    private void example(Example example, int bytes) {
        WriterLease mine = lease;
        if (mine == null) {
            throw order("an example before open");
        }
        MemoryBudget.Reservation memory;
        try {
            memory = service.memory().reserve(bytes);
        } catch (Refused full) {
            endWith(full);
            return;
        }
        TrainInbox.Arrived arrived = new TrainInbox.Arrived(example.getSequence(), bytes, memory);
        flow.take(1, bytes);
        inbox.add(arrived);
        decoding.run(bytes, () -> offer(mine, arrived, example));
    }

    /** On any thread, one example after the other. */
    private void offer(WriterLease mine, TrainInbox.Arrived arrived, Example example) {
        if (failed || call.gone()) {
            inbox.remove(arrived);
            return;
        }
        ExampleIntake.Outcome outcome;
        try {
            outcome = service.intake().offer(mine, arrived.sequence(), example, inbox);
        } catch (Throwable why) {
            failed = true;
            inbox.remove(arrived);
            call.runOnContext(() -> endWith(why));
            return;
        }
        switch (outcome) {
            case QUEUED -> {}
            case DUPLICATE -> {
                inbox.remove(arrived);
                call.runOnContext(() -> awaitRepeated(mine, arrived));
            }
            case CONFLICT -> {
                inbox.remove(arrived);
                Refusal conflict = new Refusal(arrived.sequence(), ExampleIntake.conflict(arrived.sequence()));
                call.runOnContext(() -> acknowledge(
                        1, arrived.bytes(), List.of(conflict), mine.head().published()));
            }
            case STOPPED -> {
                inbox.remove(arrived);
                stopped();
            }
        }
    }

    private void awaitRepeated(WriterLease mine, TrainInbox.Arrived arrived) {
        Runnable acknowledge =
                () -> acknowledge(1, arrived.bytes(), List.of(), mine.head().published());
        new RepeatedExample(call, acknowledge).await(service.intake(), mine, arrived.sequence());
    }

    @Override
    public void handled() {
        call.runOnContext(() -> {
            TrainInbox.Handled handled = inbox.removeHandled();
            if (handled != null) {
                if (state == State.FLUSHING) {
                    // Nothing else was outstanding.
                    state = State.FLUSHED;
                }
                acknowledge(handled.count(), handled.bytes(), handled.refusals(), handled.published());
            }
        });
    }

    @Override
    public void stopped() {
        failed = true;
        call.runOnContext(() -> endWith(Calls.stoppingNow()));
    }

    private void acknowledge(int count, long bytes, List<Refusal> refusals, HeadVersion published) {
        unacknowledged.add(count, bytes, refusals, published);
        acknowledge();
    }

    private void acknowledge() {
        if (unacknowledged.isEmpty() || !call.writable()) {
            return;
        }
        HeadVersion published = writeProgress();
        if (published.failure() != null) {
            call.fail(ExampleIntake.failed(published));
        } else if (state == State.LEARNING) {
            fetch();
        } else {
            endWhenAllHandled();
        }
        verifyState();
    }

    private void drain() {
        if (state == State.OPENING && !stopping) {
            throw order("nothing");
        }
        state = State.DRAINING;
        verifyState();
        endWhenAllHandled();
    }

    private void endWhenAllHandled() {
        if (!flow.idle()) {
            return;
        }
        WriterLease mine = lease;
        if (state == State.FLUSHING) {
            return;
        }
        if (state == State.DRAINING && mine != null && !stopping && gathers(mine.head())) {
            state = State.FLUSHING;
            if (!service.intake().flush(mine, inbox)) {
                stopped();
            }
            return;
        }
        if (mine != null) {
            unacknowledged.add(0, 0, List.of(), mine.head().published());
            writeProgress();
        }
        if (stopping) {
            call.fail(Calls.stoppingNow());
        } else {
            call.end();
        }
    }

    /** Whether examples may wait in a minibatch that is not full. */
    private static boolean gathers(LiveHead head) {
        LearningSpec learning = head.published().spec().learning();
        return (learning instanceof LearningSpec.Fpt fpt && fpt.minibatch() > 1)
                || (learning instanceof LearningSpec.Gradient gradient && gradient.minibatch() > 1);
    }

    /** Ends the stream before its time, after a last word on what was handled. */
    private void endWith(Throwable why) {
        if (!unacknowledged.isEmpty()) {
            writeProgress();
        }
        call.fail(why);
    }

    private HeadVersion writeProgress() {
        Unacknowledged.Merged merged = unacknowledged.remove(inbox.firstWaiting());
        call.write(TrainResponse.newBuilder().setProgress(merged.progress()).build());
        flow.give(merged.count(), merged.count(), merged.bytes());
        call.release(merged.bytes());
        return merged.published();
    }

    private void verifyState() {
        boolean opened = lease != null;
        if ((state == State.OPENING && opened) || (state == State.LEARNING && !opened)) {
            throw new IllegalStateException("stream: " + state + (opened ? " with" : " without")
                    + " a lease (expected: one from the opening on)");
        }
    }

    private static Refused order(String met) {
        return new Refused(Reason.STREAM_ORDER, "message: " + met + " (expected: open once and first, then examples)");
    }
}
