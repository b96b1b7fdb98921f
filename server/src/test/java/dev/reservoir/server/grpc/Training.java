// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainResponse;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;

/** A client's training stream. */
record Training(Replies<TrainRequest, TrainResponse> replies, StreamObserver<TrainRequest> requests) {
    static Training on(ManagedChannel channel, Replies<TrainRequest, TrainResponse> replies) {
        return new Training(replies, TrainingServiceGrpc.newStub(channel).train(replies));
    }

    Opened opened(TrainRequest open) {
        requests.onNext(open);
        return replies.next().getOpened();
    }

    void send(TrainRequest... messages) {
        for (TrainRequest message : messages) {
            requests.onNext(message);
        }
    }

    List<Progress> finish() {
        requests.onCompleted();
        return replies.rest().stream().map(TrainResponse::getProgress).toList();
    }

    /** Reads replies until this many examples are handled; returns what was refused. */
    List<Refusal> readUntil(long applied) {
        List<Refusal> refusals = new ArrayList<>();
        Progress progress;
        do {
            progress = replies.next().getProgress();
            refusals.addAll(progress.getRefusalsList());
        } while (progress.getAppliedThrough() < applied);
        return refusals;
    }
}
