// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.loadtest.fake.FakeReservoir;
import dev.reservoir.loadtest.fake.StandIns;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TrainingStreamTest {
    private static final String HEAD = "tenants/t/heads/fruit";
    private static final long LIMIT = 20;

    private final Workload workload = StandIns.fruit();
    private final FakeReservoir fake;
    private final ReservoirClient client;

    TrainingStreamTest() throws IOException {
        fake = new FakeReservoir();
        client = ReservoirClient.connect(fake.target(), Duration.ofSeconds(LIMIT));
    }

    @BeforeEach
    void create() {
        fake.createHead(HEAD, workload.spec());
    }

    @AfterEach
    void close() {
        client.close();
        fake.close();
    }

    @Test
    void learnsEveryExampleWithinItsCredits() throws Exception {
        Recorder recorder = new Recorder();
        TrainingOutcome outcome = outcomeOf(client.train(HEAD, 0, ExampleSource.of(workload.train()), recorder));

        assertThat(outcome.appliedThrough()).isEqualTo(200);
        assertThat(outcome.refused()).isZero();
        assertThat(outcome.durableThrough()).isZero();
        assertThat(outcome.metrics().getExamples()).isEqualTo(200);
        assertThat(fake.applied(HEAD)).isEqualTo(200);
        assertThat(List.copyOf(recorder.applied)).isSorted().endsWith(200L);
    }

    @Test
    void continuesAfterTheLastAppliedExample() throws Exception {
        List<Example> first = workload.train().subList(0, 30);
        outcomeOf(client.train(HEAD, 0, ExampleSource.of(first), progress -> {}));

        AtomicLong asked = new AtomicLong();
        ExampleSource all = ExampleSource.of(workload.train());
        TrainingOutcome outcome = outcomeOf(client.train(
                HEAD,
                0,
                sequence -> {
                    asked.compareAndSet(0, sequence);
                    return all.at(sequence);
                },
                progress -> {}));

        assertThat(asked).hasValue(31);
        assertThat(outcome.appliedThrough()).isEqualTo(200);
    }

    @Test
    void endsAtOnceIfNothingIsLeftToLearn() throws Exception {
        outcomeOf(client.train(HEAD, 0, ExampleSource.of(workload.train()), progress -> {}));

        TrainingOutcome again = outcomeOf(client.train(HEAD, 0, ExampleSource.of(workload.train()), progress -> {}));

        assertThat(again.appliedThrough()).isEqualTo(200);
    }

    @Test
    void numbersExamplesThatCarryNoNumber() throws Exception {
        List<Example> bare = workload.train();
        TrainingOutcome outcome = outcomeOf(client.train(
                HEAD, 0, sequence -> sequence > bare.size() ? null : bare.get((int) sequence - 1), progress -> {}));

        assertThat(outcome.appliedThrough()).isEqualTo(200);
    }

    @Test
    void countsRefusedExamplesAndContinues() throws Exception {
        fake.faults().refuse(7);
        fake.faults().refuse(200);
        TrainingOutcome outcome = outcomeOf(client.train(HEAD, 0, ExampleSource.of(workload.train()), progress -> {}));

        assertThat(outcome.refused()).isEqualTo(2);
        assertThat(outcome.metrics().getExamples()).isEqualTo(198);
        assertThat(outcome.appliedThrough()).isEqualTo(200);
    }

    @Test
    void failsWithTheServersReason() {
        fake.faults().breakTraining(HEAD, 50);
        TrainingStream stream = client.train(HEAD, 0, ExampleSource.of(workload.train()), progress -> {});

        CallFailure failure = failureOf(stream);
        assertThat(failure)
                .hasMessage("training " + HEAD + ": FAILED_PRECONDITION (HEAD_FAILED): a weight is not finite");
        assertThat(failure.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(failure.reason()).isEqualTo("HEAD_FAILED");
    }

    @Test
    void isFencedByANewerWriter() throws Exception {
        Recorder older = new Recorder();
        ExampleSource endless = sequence -> workload.train().get((int) (sequence % 200));
        TrainingStream first = client.train(HEAD, 5, endless, older);
        assertThat(older.opened.get(LIMIT, TimeUnit.SECONDS).getWriterEpoch()).isEqualTo(5);

        Recorder newer = new Recorder();
        TrainingStream second = client.train(HEAD, 6, endless, newer);

        assertThat(failureOf(first).reason()).isEqualTo("WRITER_FENCED");
        newer.opened.get(LIMIT, TimeUnit.SECONDS);
        second.finish();
        assertThat(outcomeOf(second).appliedThrough()).isEqualTo(fake.applied(HEAD));
        assertThat(failureOf(client.train(HEAD, 4, endless, progress -> {})).code())
                .isEqualTo(Status.Code.ABORTED);
    }

    @Test
    void namesAHeadThatDoesNotExist() {
        TrainingStream stream =
                client.train("tenants/t/heads/none", 0, ExampleSource.of(workload.train()), progress -> {});

        assertThat(failureOf(stream))
                .hasMessage("training tenants/t/heads/none: NOT_FOUND (HEAD_NOT_FOUND):"
                        + " tenants/t/heads/none does not exist");
    }

    @Test
    void failsIfTheServerEndsWithExamplesUnhandled() {
        fake.faults().leaveUnfinished();
        TrainingStream stream =
                client.train(HEAD, 0, ExampleSource.of(workload.train().subList(0, 5)), progress -> {});

        assertThat(failureOf(stream)).hasMessageContaining("with 3 of 5 examples handled");
    }

    @Test
    void failsWithWhatTheSourceThrew() {
        TrainingStream stream = client.train(
                HEAD,
                0,
                sequence -> {
                    throw new IllegalStateException("the file is gone");
                },
                progress -> {});

        assertThat(failureOf(stream)).hasMessageContaining("the file is gone");
    }

    @Test
    void failsWhenTheConnectionIsCut() throws Exception {
        Recorder recorder = new Recorder();
        fake.faults().fallSilent();
        TrainingStream stream = client.train(HEAD, 0, ExampleSource.of(workload.train()), recorder);
        recorder.opened.get(LIMIT, TimeUnit.SECONDS);

        fake.close();

        // The code depends on whether the reset or the end of the connection is noticed first.
        assertThat(failureOf(stream).code()).isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
    }

    @Test
    void isCancelledByItsOwner() throws Exception {
        Recorder recorder = new Recorder();
        fake.faults().fallSilent();
        TrainingStream stream = client.train(HEAD, 0, ExampleSource.of(workload.train()), recorder);
        recorder.opened.get(LIMIT, TimeUnit.SECONDS);

        stream.cancel();

        assertThat(failureOf(stream).code()).isEqualTo(Status.Code.CANCELLED);
    }

    @Test
    void namesAPortThatRefuses() {
        fake.close();

        assertThatThrownBy(client::substrate)
                .isInstanceOf(CallFailure.class)
                .hasMessageContaining(fake.target())
                .hasMessageContaining("UNAVAILABLE");
    }

    private static TrainingOutcome outcomeOf(TrainingStream stream) throws Exception {
        return stream.completion().get(LIMIT, TimeUnit.SECONDS);
    }

    private static CallFailure failureOf(TrainingStream stream) {
        try {
            throw new AssertionError("ended well: " + stream.completion().get(LIMIT, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return CallFailure.of("not a call failure", Objects.requireNonNull(e.getCause()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static final class Recorder implements TrainingListener {
        private final CompletableFuture<Opened> opened = new CompletableFuture<>();
        private final ConcurrentLinkedQueue<Long> applied = new ConcurrentLinkedQueue<>();

        @Override
        public void opened(Opened message) {
            opened.complete(message);
        }

        @Override
        public void progress(Progress progress) {
            applied.add(progress.getAppliedThrough());
        }
    }
}
