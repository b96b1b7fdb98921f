package dev.reservoir.server.grpc;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.codec.MetricsCodec;
import dev.reservoir.heads.codec.ObservationCodec;
import dev.reservoir.heads.codec.TargetCodec;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.HeadWriter;
import dev.reservoir.server.registry.HeldObservations;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Subscription;
import dev.reservoir.server.rpc.Calls;
import dev.reservoir.server.rpc.Flow;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One training stream: opening, then examples. An example is outstanding from its arrival until the {@link Progress} that acknowledges it
 * is written, so a client that does not read is soon not read from either, and nothing of it piles up here.
 */
final class TrainStream {
    private final ServerCall<TrainRequest, TrainResponse> call;
    private final HeadRegistry registry;
    private final Engine engine;
    private final HeldObservations held;
    private final int credits;
    private final PayloadDigest digest = new PayloadDigest();
    private final Flow flow;
    private final ArrayDeque<Pending> withEngine = new ArrayDeque<>();
    private final Unacknowledged unacknowledged = new Unacknowledged();
    private final Inbox inbox = new Inbox();

    private volatile @Nullable LiveHead head;
    private HeadWriter.@Nullable Pen pen;
    private boolean fetching;
    private boolean reading = true;
    private boolean stopping;

    TrainStream(
            ServerCall<TrainRequest, TrainResponse> call,
            HeadRegistry registry,
            Engine engine,
            HeldObservations held,
            int credits) {
        this.call = call;
        this.registry = registry;
        this.engine = engine;
        this.held = held;
        this.credits = credits;
        this.flow = new Flow(credits, Long.MAX_VALUE, call.calls().limits().streamBytes());
    }

    void start() {
        call.onMessage(this::arrived);
        call.onHalfClosed(() -> {
            reading = false;
            endWhenAllHandled();
        });
        call.onWritable(this::acknowledge);
        call.onStop(() -> {
            stopping = true;
            reading = false;
            endWhenAllHandled();
        });
        fetch();
    }

    private void fetch() {
        if (reading && !fetching && flow.open() && (flow.idle() || !call.memoryScarce())) {
            fetching = true;
            call.fetch();
        }
    }

    private void arrived(TrainRequest request, int bytes) {
        fetching = false;
        if (!reading) {
            return;
        }
        switch (request.getMessageCase()) {
            case OPEN -> open(request.getOpen());
            case EXAMPLE -> example(request.getExample(), bytes);
            case MESSAGE_NOT_SET -> throw order("neither open nor example");
        }
        fetch();
    }

    private void open(OpenTraining open) {
        if (head != null) {
            throw order("a second open");
        }
        LiveHead opened = registry.get(HeadName.parse(open.getHead()));
        if (opened.published().failure() != null) {
            throw failed(opened.published());
        }
        HeadWriter.Pen taken =
                opened.writer().open(open.getWriterEpoch(), why -> call.runOnContext(() -> endWith(why)));
        call.onClosed(() -> opened.writer().close(taken));
        Subscription deletion = opened.watch(() -> {
            if (opened.deleted()) {
                call.runOnContext(() -> endWith(HeadRegistry.notFound(opened.name())));
            }
        });
        call.onClosed(deletion::end);
        if (opened.deleted()) {
            throw HeadRegistry.notFound(opened.name());
        }
        head = opened;
        pen = taken;
        call.write(TrainResponse.newBuilder()
                .setOpened(Opened.newBuilder()
                        .setNextSequence(taken.nextSequence())
                        .setWriterEpoch(taken.epoch())
                        .setCredits(credits)
                        .setDurable(false))
                .build());
    }

    private void example(Example example, int bytes) {
        LiveHead opened = head;
        HeadWriter.Pen mine = pen;
        if (opened == null || mine == null) {
            throw order("an example before open");
        }
        long sequence = example.getSequence();
        HeadWriter.Admission admission = opened.writer().admit(mine, sequence, digest.of(example));
        flow.take(1, bytes);
        switch (admission) {
            case NEW -> learn(opened, example, bytes);
            case DUPLICATE ->
                opened.whenApplied(
                        sequence, () -> call.runOnContext(() -> acknowledge(1, bytes, List.of(), opened.published())));
            case CONFLICT -> acknowledge(1, bytes, List.of(conflict(sequence)), opened.published());
        }
    }

    /** Once admitted by number an example is handed on in any case, a bad one as its refusal, so that acknowledgement stays cumulative. */
    private void learn(LiveHead opened, Example example, int bytes) {
        withEngine.add(new Pending(example.getSequence(), bytes));
        Observation observation;
        Target target;
        try {
            observation = example.getInputCase() == Example.InputCase.OBSERVATION_ID
                    ? held.get(opened.name().tenant(), example.getObservationId())
                    : ObservationCodec.decode("example.observation", example.getObservation());
            target = TargetCodec.decode("example.target", example.getTarget());
        } catch (Refused refused) {
            queue(engine.prepareRefusal(opened, example.getSequence(), refused, inbox));
            return;
        }
        queue(engine.prepare(opened, example.getSequence(), new HashedObservation(observation), target, inbox));
    }

    private void queue(Engine.PreparedExample example) {
        if (!engine.queue(example)) {
            inbox.stopped();
        }
    }

    private void acknowledge(int count, long bytes, List<TrainingListener.Refusal> refusals, HeadVersion published) {
        unacknowledged.add(count, bytes, refusals, published);
        acknowledge();
    }

    private void acknowledge() {
        if (unacknowledged.isEmpty() || !call.writable()) {
            return;
        }
        HeadVersion published = writeProgress();
        if (published.failure() != null) {
            call.fail(failed(published));
        } else if (reading) {
            fetch();
        } else {
            endWhenAllHandled();
        }
    }

    private void endWhenAllHandled() {
        LiveHead opened = head;
        if (!flow.idle()) {
            return;
        }
        if (opened != null) {
            unacknowledged.add(0, 0, List.of(), opened.published());
            writeProgress();
        } else if (!stopping) {
            throw order("nothing");
        }
        if (stopping) {
            call.fail(Calls.stoppingNow());
        } else {
            call.end();
        }
    }

    /** Ends the stream before its time, after a last word on what was handled. */
    private void endWith(Refused why) {
        reading = false;
        if (!unacknowledged.isEmpty()) {
            writeProgress();
        }
        call.fail(why);
    }

    private HeadVersion writeProgress() {
        Unacknowledged.Taken taken = unacknowledged.take();
        HeadVersion published = taken.published();
        Pending next = withEngine.peek();
        long told = next == null ? Long.MAX_VALUE : next.sequence - 1;
        Progress.Builder progress = Progress.newBuilder()
                .setAppliedThrough(Math.min(published.appliedThrough(), told))
                .setCredits(taken.count())
                .setHeadVersion(published.version())
                .setMetrics(MetricsCodec.encode(published.metrics()));
        for (TrainingListener.Refusal refusal : taken.refusals()) {
            progress.addRefusals(dev.reservoir.v1.Refusal.newBuilder()
                    .setSequence(refusal.sequence())
                    .setStatus(call.calls().statuses().status(refusal.why())));
        }
        call.write(TrainResponse.newBuilder().setProgress(progress).build());
        flow.give(taken.count(), taken.count(), taken.bytes());
        call.release(taken.bytes());
        return published;
    }

    private static TrainingListener.Refusal conflict(long sequence) {
        return new TrainingListener.Refusal(
                sequence,
                new Refused(
                        Reason.SEQUENCE_CONFLICT,
                        "example.sequence: " + Long.toUnsignedString(sequence)
                                + " with another payload (expected: the payload it had before, or a new number)"));
    }

    private static Refused failed(HeadVersion published) {
        return new Refused(
                Reason.HEAD_FAILED,
                "head: " + published.spec().name() + " failed, " + published.failure()
                        + " (expected: a head that learns)");
    }

    private static Refused order(String met) {
        return new Refused(Reason.STREAM_ORDER, "message: " + met + " (expected: open once and first, then examples)");
    }

    /** An example of this stream that the engine has not handled, as far as this stream was told. */
    private record Pending(long sequence, int bytes) {}

    /** Carries the engine's news to the stream's context, joined while one hand-over is on its way. Any thread. */
    private final class Inbox implements TrainingListener {
        private int handled;
        private List<TrainingListener.Refusal> refusals = new ArrayList<>();
        private @Nullable HeadVersion latest;

        @Override
        public void handled(int count, List<TrainingListener.Refusal> refused, HeadVersion published) {
            boolean first;
            synchronized (this) {
                first = handled == 0;
                handled += count;
                refusals.addAll(refused);
                latest = published;
            }
            if (first) {
                call.runOnContext(this::deliver);
            }
        }

        @Override
        public void stopped() {
            call.runOnContext(() -> endWith(Calls.stoppingNow()));
        }

        @Override
        public void deleted() {
            LiveHead opened = head;
            if (opened != null) {
                call.runOnContext(() -> endWith(HeadRegistry.notFound(opened.name())));
            }
        }

        private void deliver() {
            int count;
            List<TrainingListener.Refusal> refused;
            HeadVersion published;
            synchronized (this) {
                count = handled;
                refused = refusals;
                published = latest;
                handled = 0;
                refusals = new ArrayList<>();
            }
            long bytes = 0;
            for (int i = 0; i < count; i++) {
                bytes += withEngine.remove().bytes;
            }
            if (published != null) {
                acknowledge(count, bytes, refused, published);
            }
        }
    }
}
