// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.codec.ObservationCodec;
import dev.reservoir.heads.codec.PredictionCodec;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.server.rpc.StatusMapper;
import dev.reservoir.server.serving.PredictionRequest;
import dev.reservoir.server.serving.PredictionService;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Translates predictions between the wire and {@link PredictionService}, for single calls and for streams. */
final class Predictor {

    /** Receives the answer, on any thread: exactly one call of one method. */
    interface Answer {
        /** @param response built by the thread that calls it */
        void response(Supplier<PredictResponse> response);

        void failed(Throwable why);
    }

    private final PredictionService predictions;
    private final DecodeWorkers workers;
    private final StatusMapper statuses;

    Predictor(PredictionService predictions, DecodeWorkers workers, StatusMapper statuses) {
        this.predictions = predictions;
        this.workers = workers;
        this.statuses = statuses;
    }

    /** What a request counts against a stream's bound. */
    static long weight(PredictRequest request) {
        return PredictionRequest.weight(request.getHeadsCount(), request.getMaxScores());
    }

    void predict(ServerCall<?, ?> call, PredictRequest request, Answer answer) {
        long bytes = request.getObservation().getSerializedSize();
        workers.run(bytes, () -> {
            try {
                predictions.predict(
                        new GrpcCaller(call),
                        decode(request, bytes),
                        (unused, outcome) -> prediction(outcome),
                        new Completion<List<HeadPrediction>>() {
                            @Override
                            public void completed(List<HeadPrediction> predictions) {
                                answer.response(() -> PredictResponse.newBuilder()
                                        .addAllPredictions(predictions)
                                        .build());
                            }

                            @Override
                            public void refused(Refused why) {
                                answer.failed(why);
                            }
                        });
            } catch (Throwable why) {
                answer.failed(why);
            }
        });
    }

    private static PredictionRequest decode(PredictRequest request, long bytes) {
        int count = request.getHeadsCount();
        PredictionRequest.checkCount(count);
        List<HeadName> names = new ArrayList<>(count);
        for (String head : request.getHeadsList()) {
            names.add(HeadName.parse(head));
        }
        return new PredictionRequest(
                names,
                new HashedObservation(ObservationCodec.decode("observation", request.getObservation())),
                request.getObservationId(),
                bytes,
                PredictionRequest.scores(request.getMaxScores(), count),
                request.getMinAppliedSequence());
    }

    private HeadPrediction prediction(HeadOutcome outcome) {
        HeadPrediction.Builder one =
                HeadPrediction.newBuilder().setHead(outcome.head().toString());
        HeadVersion version = outcome.version();
        if (version != null) {
            one.setHeadVersion(version.version())
                    .setAppliedThrough(version.appliedThrough())
                    .setCompanionAnswered(
                            outcome.prediction() != null && version.snapshot().isFrozenBaseline());
        }
        if (outcome.prediction() != null) {
            PredictionCodec.encode(outcome.prediction(), one);
        }
        if (outcome.refused() != null) {
            one.setError(statuses.status(outcome.refused()));
        }
        HeadPrediction prediction = one.build();
        // Cached in the message, so that serialising the whole need not compute the length of each string again.
        prediction.getSerializedSize();
        return prediction;
    }
}
