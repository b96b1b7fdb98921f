// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;

/** The fake's {@code InferenceService}: a head answers with what it has memorised. */
final class FakeInference extends InferenceServiceGrpc.InferenceServiceImplBase {
    private final FakeHeads heads;
    private final FakeFaults faults;

    FakeInference(FakeHeads heads, FakeFaults faults) {
        this.heads = heads;
        this.faults = faults;
    }

    @Override
    public StreamObserver<PredictStreamRequest> predictStream(StreamObserver<PredictStreamResponse> reply) {
        return new StreamObserver<>() {
            private boolean over;

            @Override
            public void onNext(PredictStreamRequest request) {
                synchronized (heads) {
                    if (over) {
                        return;
                    }
                    if (faults.predictionStreamsDrop()) {
                        over = true;
                        reply.onError(
                                FakeStatus.failure(Status.Code.UNAVAILABLE, "SHUTTING_DOWN", "stopped by the test"));
                    } else {
                        reply.onNext(answer(request));
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
                reply.onCompleted();
            }
        };
    }

    private PredictStreamResponse answer(PredictStreamRequest request) {
        PredictStreamResponse.Builder message =
                PredictStreamResponse.newBuilder().setId(request.getId());
        if (faults.predictionsFail()) {
            return message.setError(
                            FakeStatus.error(Status.Code.RESOURCE_EXHAUSTED, "OVERLOADED", "refused by the test"))
                    .build();
        }
        PredictResponse.Builder response = PredictResponse.newBuilder();
        for (String name : request.getRequest().getHeadsList()) {
            FakeHead head = heads.find(name);
            response.addPredictions(
                    head == null
                            ? HeadPrediction.newBuilder()
                                    .setHead(name)
                                    .setError(FakeStatus.error(
                                            Status.Code.NOT_FOUND, "HEAD_NOT_FOUND", name + " does not exist"))
                                    .build()
                            : head.predict(request.getRequest().getObservation()));
        }
        return message.setResponse(response).build();
    }
}
