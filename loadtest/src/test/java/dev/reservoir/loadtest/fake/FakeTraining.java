// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fake's {@code TrainingService}: one writer per head, examples in sequence, progress after every third. It checks
 * its clients: more unhandled examples than its credits allow, or a gap, end the stream.
 */
final class FakeTraining extends TrainingServiceGrpc.TrainingServiceImplBase {
    private static final int CREDITS = 4;
    private static final int PROGRESS_EVERY = 3;

    private final FakeHeads heads;
    private final FakeFaults faults;

    @GuardedBy("heads")
    private final Map<String, StreamObserver<TrainResponse>> writers = new HashMap<>();

    FakeTraining(FakeHeads heads, FakeFaults faults) {
        this.heads = heads;
        this.faults = faults;
    }

    @Override
    public StreamObserver<TrainRequest> train(StreamObserver<TrainResponse> reply) {
        return new Call(reply);
    }

    private final class Call implements StreamObserver<TrainRequest> {
        private final StreamObserver<TrainResponse> reply;
        private final List<Example> queue = new ArrayList<>();
        private @Nullable FakeHead head;
        private boolean over;
        private long received;
        private long refusals;

        Call(StreamObserver<TrainResponse> reply) {
            this.reply = reply;
        }

        @Override
        public void onNext(TrainRequest request) {
            synchronized (heads) {
                if (over) {
                    return;
                }
                if (request.hasOpen()) {
                    open(request.getOpen().getHead(), request.getOpen().getWriterEpoch());
                } else {
                    example(request.getExample());
                }
            }
        }

        @Override
        public void onError(Throwable cut) {
            synchronized (heads) {
                over = true;
            }
        }

        @Override
        public void onCompleted() {
            synchronized (heads) {
                if (!over && !faults.isSilent()) {
                    if (!faults.leavesUnfinished()) {
                        handle();
                    }
                    over = true;
                    reply.onCompleted();
                }
            }
        }

        @GuardedBy("heads")
        private void open(String name, long epoch) {
            FakeHead found = heads.find(name);
            if (found == null) {
                end(FakeStatus.failure(Status.Code.NOT_FOUND, "HEAD_NOT_FOUND", name + " does not exist"));
                return;
            }
            long mine = epoch == 0 ? found.epoch + 1 : epoch;
            if (mine < found.epoch) {
                end(FakeStatus.failure(
                        Status.Code.ABORTED, "WRITER_FENCED", "epoch " + mine + " is older than " + found.epoch));
                return;
            }
            StreamObserver<TrainResponse> older = writers.put(name, reply);
            if (older != null) {
                try {
                    older.onError(FakeStatus.failure(Status.Code.ABORTED, "WRITER_FENCED", "another writer took over"));
                } catch (IllegalStateException ended) {
                    // the older stream had ended already
                }
            }
            found.epoch = mine;
            head = found;
            received = found.applied;
            reply.onNext(TrainResponse.newBuilder()
                    .setOpened(Opened.newBuilder()
                            .setNextSequence(found.applied + 1)
                            .setWriterEpoch(mine)
                            .setCredits(CREDITS))
                    .build());
        }

        private void example(Example example) {
            FakeHead learner = head;
            if (learner == null) {
                end(FakeStatus.failure(Status.Code.INVALID_ARGUMENT, "STREAM_ORDER", "an example before the opening"));
                return;
            }
            if (example.getSequence() != received + 1) {
                end(FakeStatus.failure(
                        Status.Code.OUT_OF_RANGE,
                        "SEQUENCE_GAP",
                        "sequence: " + example.getSequence() + " (expected: " + (received + 1) + ")"));
                return;
            }
            received++;
            queue.add(example);
            if (faults.isDying() && received == 10) {
                System.err.println("out of luck");
                Runtime.getRuntime().halt(9);
            }
            if (queue.size() > CREDITS) {
                end(FakeStatus.failure(
                        Status.Code.INTERNAL, "TOO_MANY", queue.size() + " unhandled (credits: " + CREDITS + ")"));
                return;
            }
            if (faults.breaks(learner.spec.getName(), example.getSequence())) {
                end(FakeStatus.failure(Status.Code.FAILED_PRECONDITION, "HEAD_FAILED", "a weight is not finite"));
                return;
            }
            if (queue.size() >= PROGRESS_EVERY && !faults.isSilent()) {
                handle();
            }
        }

        private void handle() {
            FakeHead learner = head;
            if (learner == null) {
                return;
            }
            Progress.Builder progress = Progress.newBuilder().setCredits(queue.size());
            for (Example example : queue) {
                if (faults.refuses(example.getSequence())) {
                    refusals++;
                    progress.addRefusals(Refusal.newBuilder()
                            .setSequence(example.getSequence())
                            .setStatus(FakeStatus.error(
                                    Status.Code.INVALID_ARGUMENT, "WRONG_TARGET", "refused by the test")));
                } else {
                    learner.learn(example);
                }
                learner.applied = example.getSequence();
            }
            queue.clear();
            reply.onNext(TrainResponse.newBuilder()
                    .setProgress(progress.setAppliedThrough(learner.applied)
                            .setHeadVersion(learner.applied)
                            .setMetrics(learner.metrics(refusals)))
                    .build());
        }

        private void end(StatusRuntimeException failure) {
            over = true;
            reply.onError(failure);
        }
    }
}
