// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.FieldMask;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.OpenTraining;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.Regression;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.UpdateHeadRequest;
import java.util.Arrays;
import java.util.List;

/** Requests that tests start from. */
final class Messages {
    static final String TENANT = "tenants/acme";

    private Messages() {}

    static String name(String head) {
        return TENANT + "/heads/" + head;
    }

    static Head textHead(String... labels) {
        return Head.newBuilder()
                .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance()))
                .setTask(Task.newBuilder()
                        .setClassification(Classification.newBuilder().addAllLabels(List.of(labels))))
                .build();
    }

    static Head tensorHead(int width) {
        return Head.newBuilder()
                .setModality(Modality.newBuilder()
                        .setTensor(TensorModality.newBuilder().setWidth(width)))
                .setTask(Task.newBuilder().setRegression(Regression.getDefaultInstance()))
                .build();
    }

    static CreateHeadRequest create(String id, Head head) {
        return CreateHeadRequest.newBuilder()
                .setParent(TENANT)
                .setHeadId(id)
                .setHead(head)
                .build();
    }

    static GetHeadRequest get(String head) {
        return GetHeadRequest.newBuilder().setName(name(head)).build();
    }

    static UpdateHeadRequest update(Head head, String... paths) {
        return UpdateHeadRequest.newBuilder()
                .setHead(head)
                .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)))
                .build();
    }

    static Observation text(String text) {
        return Observation.newBuilder().setText(text).build();
    }

    static Observation tensor(float... values) {
        return matrix(values.length, values);
    }

    static Observation matrix(int columns, float... values) {
        Matrix.Builder matrix = Matrix.newBuilder().setColumns(columns);
        for (float value : values) {
            matrix.addValues(value);
        }
        return Observation.newBuilder().setTensor(matrix).build();
    }

    static Target label(String label) {
        return Target.newBuilder().setLabel(label).build();
    }

    static TrainRequest open(String head) {
        return open(head, 0);
    }

    static TrainRequest open(String head, long epoch) {
        return TrainRequest.newBuilder()
                .setOpen(OpenTraining.newBuilder().setHead(name(head)).setWriterEpoch(epoch))
                .build();
    }

    static TrainRequest example(long sequence, String text, String label) {
        return example(sequence, text(text), label(label));
    }

    static TrainRequest example(long sequence, Observation observation, Target target) {
        return TrainRequest.newBuilder()
                .setExample(Example.newBuilder()
                        .setSequence(sequence)
                        .setObservation(observation)
                        .setTarget(target))
                .build();
    }

    static PredictRequest predict(Observation observation, String... heads) {
        return PredictRequest.newBuilder()
                .addAllHeads(Arrays.stream(heads).map(Messages::name).toList())
                .setObservation(observation)
                .build();
    }
}
