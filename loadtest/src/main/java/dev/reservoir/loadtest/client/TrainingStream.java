// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Metrics;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc.TrainingServiceStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One writer of one head: opens the stream, sends examples starting after the last one that the head has applied, never
 * has more of them unacknowledged than the server's credits allow, half-closes when the source is exhausted, and
 * completes when the server has handled everything.
 *
 * <p>Guarantees:
 *
 * <ul>
 *   <li>{@link #completion} completes exactly once: with the outcome if every example sent was handled, otherwise with
 *       a {@link CallFailure} that names the head.
 *   <li>The source and the listener are called on one thread at a time, the source with ascending numbers.
 *   <li>A source or listener that throws cancels the stream; its exception is the failure's cause.
 * </ul>
 */
public final class TrainingStream {
    private final String head;
    private final ExampleSource examples;
    private final TrainingListener listener;
    private volatile boolean cancelled;
    private final CompletableFuture<TrainingOutcome> completion = new CompletableFuture<>();
    private final Replies replies = new Replies();
    private volatile boolean finishing;

    // Accessed only in the call's callbacks, which gRPC serialises.
    private @Nullable ClientCallStreamObserver<TrainRequest> requests;
    private boolean opened;
    private boolean halfClosed;
    private long nextSequence;
    private long credits;
    private long appliedThrough;
    private long durableThrough;
    private long headVersion;
    private long refused;
    private Metrics metrics = Metrics.getDefaultInstance();

    private TrainingStream(String head, ExampleSource examples, TrainingListener listener) {
        this.head = head;
        this.examples = examples;
        this.listener = listener;
    }

    static TrainingStream open(
            TrainingServiceStub stub,
            String head,
            long writerEpoch,
            ExampleSource examples,
            TrainingListener listener) {
        TrainingStream stream = new TrainingStream(head, examples, listener);
        stub.train(stream.replies)
                .onNext(TrainRequest.newBuilder()
                        .setOpen(OpenTraining.newBuilder().setHead(head).setWriterEpoch(writerEpoch))
                        .build());
        return stream;
    }

    /** Completes when the stream ends. */
    public CompletableFuture<TrainingOutcome> completion() {
        return completion;
    }

    /** Sends no further examples; those sent are still handled. Takes effect at the server's next reply. */
    public void finish() {
        finishing = true;
    }

    /** Ends the stream at once; examples not yet acknowledged may or may not have been learned. */
    public void cancel() {
        cancelled = true;
        replies.cancel("cancelled by the client", null);
    }

    private void open(Opened message) {
        if (opened) {
            throw CallFailure.brokenContract("training " + head, "the server opened the stream twice");
        }
        opened = true;
        nextSequence = message.getNextSequence();
        appliedThrough = nextSequence - 1;
        credits = message.getCredits();
        listener.opened(message);
    }

    private void advance(Progress message) {
        if (!opened) {
            throw CallFailure.brokenContract("training " + head, "progress came before the stream was opened");
        }
        if (message.getAppliedThrough() >= nextSequence) {
            throw CallFailure.brokenContract(
                    "training " + head,
                    "applied through " + message.getAppliedThrough() + " (expected: at most " + (nextSequence - 1)
                            + ", the last number sent)");
        }
        appliedThrough = Math.max(appliedThrough, message.getAppliedThrough());
        durableThrough = Math.max(durableThrough, message.getDurableThrough());
        headVersion = message.getHeadVersion();
        credits += message.getCredits();
        refused += message.getRefusalsCount();
        metrics = message.getMetrics();
        listener.progress(message);
    }

    /** Sends as long as there are credits, the transport is ready and the source has examples. */
    private void pump(ClientCallStreamObserver<TrainRequest> call) {
        if (!opened || halfClosed) {
            return;
        }
        while (!finishing && credits > 0 && call.isReady()) {
            Example example = examples.at(nextSequence);
            if (example == null) {
                finishing = true;
                break;
            }
            call.onNext(TrainRequest.newBuilder()
                    .setExample(
                            example.getSequence() == nextSequence
                                    ? example
                                    : example.toBuilder()
                                            .setSequence(nextSequence)
                                            .build())
                    .build());
            nextSequence++;
            credits--;
        }
        if (finishing) {
            halfClosed = true;
            call.onCompleted();
        }
    }

    private void ended() {
        if (!halfClosed || appliedThrough < nextSequence - 1) {
            completion.completeExceptionally(CallFailure.brokenContract(
                    "training " + head,
                    "the server ended the stream with " + appliedThrough + " of " + (nextSequence - 1)
                            + " examples handled"));
        } else {
            completion.complete(new TrainingOutcome(appliedThrough, durableThrough, headVersion, metrics, refused));
        }
    }

    private final class Replies implements ClientResponseObserver<TrainRequest, TrainResponse> {
        @Override
        public void beforeStart(ClientCallStreamObserver<TrainRequest> call) {
            requests = call;
            call.setOnReadyHandler(() -> guarded(() -> pump(call)));
        }

        @Override
        public void onNext(TrainResponse reply) {
            guarded(() -> {
                switch (reply.getMessageCase()) {
                    case OPENED -> open(reply.getOpened());
                    case PROGRESS -> advance(reply.getProgress());
                    case MESSAGE_NOT_SET -> {
                        // a reply of a newer contract, which this client ignores
                    }
                }
                if (requests != null) {
                    pump(requests);
                }
            });
        }

        @Override
        public void onError(Throwable failure) {
            completion.completeExceptionally(CallFailure.of("training " + head, failure));
        }

        @Override
        public void onCompleted() {
            ended();
        }

        void cancel(String why, @Nullable Throwable cause) {
            ClientCallStreamObserver<TrainRequest> call = requests;
            if (call != null) {
                call.cancel(why, cause);
            }
        }

        private void guarded(Runnable step) {
            try {
                step.run();
            } catch (RuntimeException e) {
                if (cancelled) {
                    return; // sending on a cancelled call throws; the call itself ends with CANCELLED
                }
                completion.completeExceptionally(CallFailure.of("training " + head, e));
                cancel("the client failed", e);
            }
        }
    }
}
