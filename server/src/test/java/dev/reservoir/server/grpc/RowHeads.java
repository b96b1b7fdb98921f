// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;

/** Heads that read up to four rows of three numbers, and such rows. */
final class RowHeads {
    private RowHeads() {}

    static Head.Builder head(Task.Builder task, Learning.Builder learning) {
        return Head.newBuilder()
                .setModality(Modality.newBuilder()
                        .setTensor(TensorModality.newBuilder().setWidth(3).setMaxRows(4)))
                .setTask(task)
                .setLearning(learning);
    }

    /** A head of kind FPT that learns labels as they come. */
    static Head.Builder classifier(Fpt.Builder fpt) {
        return head(
                        Task.newBuilder().setClassification(Classification.getDefaultInstance()),
                        Learning.newBuilder().setFpt(fpt))
                .setKind(Head.Kind.FPT);
    }

    /** A rate at which tens of updates show. */
    static Fpt.Builder fast(int minibatch) {
        return Fpt.newBuilder().setLearningRate(2e-2).setMinibatch(minibatch);
    }

    static Observation rows(float... values) {
        return Messages.matrix(3, values);
    }
}
