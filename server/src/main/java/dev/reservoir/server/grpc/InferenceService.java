// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.RequestStream;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import dev.reservoir.v1.PredictStreamRequest;
import dev.reservoir.v1.PredictStreamResponse;
import java.util.function.Supplier;

/** Serves heads while they train. */
final class InferenceService {
    private final Predictor predictor;
    private final int streamHeads;

    InferenceService(Predictor predictor, int streamHeads) {
        this.predictor = predictor;
        this.streamHeads = streamHeads;
    }

    void bind(Methods methods) {
        methods.unary(InferenceServiceGrpc.getPredictMethod(), this::predict);
        methods.stream(
                InferenceServiceGrpc.getPredictStreamMethod(),
                call -> new RequestStream<>(call, new StreamWorker(call), streamHeads).start());
    }

    private void predict(ServerCall<PredictRequest, PredictResponse> call, PredictRequest request) {
        predictor.predict(call, request, new Predictor.Answer() {
            @Override
            public void response(Supplier<PredictResponse> response) {
                call.runOnContext(() -> call.endWith(response.get()));
            }

            @Override
            public void failed(Throwable why) {
                call.runOnContext(() -> call.fail(why));
            }
        });
    }

    private final class StreamWorker implements RequestStream.Worker<PredictStreamRequest, PredictStreamResponse> {
        private final ServerCall<PredictStreamRequest, PredictStreamResponse> call;

        StreamWorker(ServerCall<PredictStreamRequest, PredictStreamResponse> call) {
            this.call = call;
        }

        @Override
        public long weight(PredictStreamRequest request) {
            return Predictor.weight(request.getRequest());
        }

        @Override
        public void answer(PredictStreamRequest request, RequestStream.Reply<PredictStreamResponse> reply) {
            long id = request.getId();
            Predictor.Answer answer = new Predictor.Answer() {
                @Override
                public void response(Supplier<PredictResponse> response) {
                    reply.ready(() -> PredictStreamResponse.newBuilder()
                            .setId(id)
                            .setResponse(response.get())
                            .build());
                }

                @Override
                public void failed(Throwable why) {
                    reply.ready(() -> PredictStreamResponse.newBuilder()
                            .setId(id)
                            .setError(call.calls().statuses().status(why))
                            .build());
                }
            };
            predictor.predict(call, request.getRequest(), answer);
        }
    }
}
