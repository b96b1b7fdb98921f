// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import com.google.protobuf.Any;
import com.google.protobuf.Empty;
import com.google.rpc.ErrorInfo;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A server of the wire contract on a free loopback port. One lock guards everything: it favours simplicity over speed.
 *
 * <p>It checks its clients: more unhandled examples than its credits allow, or a gap, end the stream.
 */
public final class FakeReservoir implements AutoCloseable {
    private static final int CREDITS = 4;

    private final Server server;
    private final String target;
    private final Map<String, FakeHead> heads = new TreeMap<>();
    private final Map<String, StreamObserver<TrainResponse>> writers = new HashMap<>();
    private final Map<String, Long> breakAt = new HashMap<>();
    private final Set<Long> refused = new HashSet<>();
    private final List<String> deleted = new ArrayList<>();
    private final Map<String, Long> breakAtEnding = new HashMap<>();
    private final List<String> created = new ArrayList<>();
    private String substrate = "fake";
    private int progressEvery = 3;
    private boolean failPredictions;
    private boolean dropOnPrediction;
    private boolean silent;
    private boolean dying;
    private boolean leaveUnfinished;

    public FakeReservoir() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(new Substrates())
                .addService(new Heads())
                .addService(new Training())
                .addService(new Inference())
                .build()
                .start();
        target = "127.0.0.1:" + server.getPort();
    }

    public String target() {
        return target;
    }

    /** Fails the training stream of a head when this example arrives. */
    public synchronized void breakTraining(String head, long sequence) {
        breakAt.put(head, sequence);
    }

    /** Fails the training stream of every head whose name has this suffix when this example arrives. */
    public synchronized void breakTrainingOfHeadsNamed(String ending, long sequence) {
        breakAtEnding.put(ending, sequence);
    }

    /** Reports this substrate name. */
    public synchronized void reportSubstrate(String name) {
        substrate = name;
    }

    /** Names of all heads that were ever created by a call, in order. */
    public synchronized List<String> createdNames() {
        return List.copyOf(created);
    }

    /** Refuses the example with this number, of every head. */
    public synchronized void refuse(long sequence) {
        refused.add(sequence);
    }

    /** Answers every prediction request with an error. */
    public synchronized void failPredictions() {
        failPredictions = true;
    }

    /** Fails a prediction stream when its first request arrives. */
    public synchronized void dropPredictionStreams() {
        dropOnPrediction = true;
    }

    /** Opens training streams and then sends nothing more. */
    public synchronized void fallSilent() {
        silent = true;
    }

    /** Halts the whole process when the tenth example of a head arrives. */
    public synchronized void dieInTraining() {
        dying = true;
    }

    /** Ends training streams with OK before everything has been handled. */
    public synchronized void leaveUnfinished() {
        leaveUnfinished = true;
    }

    /** Examples of a head handled so far. */
    public synchronized long applied(String head) {
        FakeHead found = heads.get(head);
        return found == null ? 0 : found.applied;
    }

    public synchronized Set<String> headNames() {
        return Set.copyOf(heads.keySet());
    }

    public synchronized List<String> deletedNames() {
        return List.copyOf(deleted);
    }

    /** Creates a head directly, without a call. */
    public synchronized void createHead(String name, Head spec) {
        heads.put(name, new FakeHead(spec.toBuilder().setName(name).build()));
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private static com.google.rpc.Status error(Status.Code code, String reason, String message) {
        return com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage(message)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setDomain("reservoir.dev")
                        .setReason(reason)
                        .build()))
                .build();
    }

    private static StatusRuntimeException failure(Status.Code code, String reason, String message) {
        return StatusProto.toStatusRuntimeException(error(code, reason, message));
    }

    private final class Substrates extends SubstrateServiceGrpc.SubstrateServiceImplBase {
        @Override
        public void getSubstrate(GetSubstrateRequest request, StreamObserver<Substrate> reply) {
            String name;
            synchronized (FakeReservoir.this) {
                name = substrate;
            }
            reply.onNext(Substrate.newBuilder()
                    .setName(name)
                    .setPositions(512)
                    .setDigest("0123456789abcdef".repeat(4))
                    .setFamily("none")
                    .setParameters(22_600_000)
                    .setPrecision("f32")
                    .setPrecisionReason("the only one it has")
                    .setDevice("cpu")
                    .setLanes(1)
                    .setWeightBytes(90_000_000)
                    .setProcessResidentBytes(500_000_000)
                    .setCoBatchingIdentical(true)
                    .setCoBatchingCheck("nothing: there is nothing to compare")
                    .setServerVersion("0")
                    .build());
            reply.onCompleted();
        }
    }

    private final class Heads extends HeadServiceGrpc.HeadServiceImplBase {
        @Override
        public void createHead(CreateHeadRequest request, StreamObserver<Head> reply) {
            String name = request.getParent() + "/heads/" + request.getHeadId();
            synchronized (FakeReservoir.this) {
                if (heads.containsKey(name)) {
                    reply.onError(failure(Status.Code.ALREADY_EXISTS, "HEAD_EXISTS", name + " exists"));
                    return;
                }
                FakeReservoir.this.createHead(name, request.getHead());
                created.add(name);
                reply.onNext(request.getHead().toBuilder().setName(name).build());
            }
            reply.onCompleted();
        }

        @Override
        public void deleteHead(DeleteHeadRequest request, StreamObserver<Empty> reply) {
            synchronized (FakeReservoir.this) {
                heads.remove(request.getName());
                deleted.add(request.getName());
            }
            reply.onNext(Empty.getDefaultInstance());
            reply.onCompleted();
        }
    }

    private final class Training extends TrainingServiceGrpc.TrainingServiceImplBase {
        @Override
        public StreamObserver<TrainRequest> train(StreamObserver<TrainResponse> reply) {
            return new TrainCall(reply);
        }
    }

    private final class TrainCall implements StreamObserver<TrainRequest> {
        private final StreamObserver<TrainResponse> reply;
        private final List<Example> queue = new ArrayList<>();
        private @Nullable FakeHead head;
        private boolean over;
        private long received;
        private long refusals;

        TrainCall(StreamObserver<TrainResponse> reply) {
            this.reply = reply;
        }

        @Override
        public void onNext(TrainRequest request) {
            synchronized (FakeReservoir.this) {
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
            over = true;
        }

        @Override
        public void onCompleted() {
            synchronized (FakeReservoir.this) {
                if (!over && !silent) {
                    if (!leaveUnfinished) {
                        handle();
                    }
                    over = true;
                    reply.onCompleted();
                }
            }
        }

        private void open(String name, long epoch) {
            FakeHead found = heads.get(name);
            if (found == null) {
                end(failure(Status.Code.NOT_FOUND, "HEAD_NOT_FOUND", name + " does not exist"));
                return;
            }
            long mine = epoch == 0 ? found.epoch + 1 : epoch;
            if (mine < found.epoch) {
                end(failure(Status.Code.ABORTED, "WRITER_FENCED", "epoch " + mine + " is older than " + found.epoch));
                return;
            }
            StreamObserver<TrainResponse> older = writers.put(name, reply);
            if (older != null) {
                try {
                    older.onError(failure(Status.Code.ABORTED, "WRITER_FENCED", "another writer took over"));
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
                end(failure(Status.Code.INVALID_ARGUMENT, "STREAM_ORDER", "an example before the opening"));
                return;
            }
            if (example.getSequence() != received + 1) {
                end(failure(
                        Status.Code.OUT_OF_RANGE,
                        "SEQUENCE_GAP",
                        "sequence: " + example.getSequence() + " (expected: " + (received + 1) + ")"));
                return;
            }
            received++;
            queue.add(example);
            if (dying && received == 10) {
                System.err.println("out of luck");
                Runtime.getRuntime().halt(9);
            }
            if (queue.size() > CREDITS) {
                end(failure(Status.Code.INTERNAL, "TOO_MANY", queue.size() + " unhandled (credits: " + CREDITS + ")"));
                return;
            }
            Long limit = limit(learner.spec.getName());
            if (limit != null && example.getSequence() >= limit) {
                end(failure(Status.Code.FAILED_PRECONDITION, "HEAD_FAILED", "a weight is not finite"));
                return;
            }
            if (queue.size() >= progressEvery && !silent) {
                handle();
            }
        }

        private @Nullable Long limit(String name) {
            return breakAtEnding.entrySet().stream()
                    .filter(entry -> name.endsWith(entry.getKey()))
                    .map(Map.Entry::getValue)
                    .findFirst()
                    .orElse(breakAt.get(name));
        }

        private void handle() {
            FakeHead learner = head;
            if (learner == null) {
                return;
            }
            Progress.Builder progress = Progress.newBuilder().setCredits(queue.size());
            for (Example example : queue) {
                if (refused.contains(example.getSequence())) {
                    refusals++;
                    progress.addRefusals(Refusal.newBuilder()
                            .setSequence(example.getSequence())
                            .setStatus(error(Status.Code.INVALID_ARGUMENT, "WRONG_TARGET", "refused by the test")));
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

    private final class Inference extends InferenceServiceGrpc.InferenceServiceImplBase {
        @Override
        public StreamObserver<PredictStreamRequest> predictStream(StreamObserver<PredictStreamResponse> reply) {
            return new StreamObserver<>() {
                private boolean over;

                @Override
                public void onNext(PredictStreamRequest request) {
                    synchronized (FakeReservoir.this) {
                        if (over) {
                            return;
                        }
                        if (dropOnPrediction) {
                            over = true;
                            reply.onError(failure(Status.Code.UNAVAILABLE, "SHUTTING_DOWN", "stopped by the test"));
                        } else {
                            reply.onNext(answer(request));
                        }
                    }
                }

                @Override
                public void onError(Throwable cut) {
                    over = true;
                }

                @Override
                public void onCompleted() {
                    reply.onCompleted();
                }
            };
        }

        private PredictStreamResponse answer(PredictStreamRequest request) {
            PredictStreamResponse.Builder message =
                    PredictStreamResponse.newBuilder().setId(request.getId());
            if (failPredictions) {
                return message.setError(error(Status.Code.RESOURCE_EXHAUSTED, "OVERLOADED", "refused by the test"))
                        .build();
            }
            PredictResponse.Builder response = PredictResponse.newBuilder();
            for (String name : request.getRequest().getHeadsList()) {
                FakeHead head = heads.get(name);
                response.addPredictions(
                        head == null
                                ? HeadPrediction.newBuilder()
                                        .setHead(name)
                                        .setError(error(
                                                Status.Code.NOT_FOUND, "HEAD_NOT_FOUND", name + " does not exist"))
                                        .build()
                                : head.predict(request.getRequest().getObservation()));
            }
            return message.setResponse(response).build();
        }
    }
}
