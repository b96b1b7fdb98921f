// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import com.google.protobuf.ByteString;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Encoder.Pooling;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the tasks on pictures of ten classes share. */
final class Pictures {
    static final List<String> CLASSES =
            IntStream.range(0, 10).mapToObj(Integer::toString).toList();

    /** Describes the effect of {@link #fading} in the form of a task. */
    static final String FADING = "an FPT head's rate ends at a sixteenth";

    private static final int HALVINGS = 4;

    private Pictures() {}

    /** Classification from the concatenation of all hidden states, one patch per token. */
    static Head spec(int side, int channels, int patch) {
        return Head.newBuilder()
                .setModality(Modality.newBuilder()
                        .setImage(ImageModality.newBuilder()
                                .setWidth(side)
                                .setHeight(side)
                                .setChannels(channels)
                                .setPatch(patch)))
                .setTask(Task.newBuilder()
                        .setClassification(Classification.newBuilder().addAllLabels(CLASSES)))
                .setEncoder(Encoder.newBuilder().setPooling(Pooling.CONCATENATE))
                .build();
    }

    /**
     * Sets a learning rate that ends at a sixteenth of its start: otherwise the last steps of a long run only add
     * noise.
     */
    static Head fading(Head spec, EvalTask.Amount amount) {
        int halfLife = amount.halfLifeSteps(Contender.MINIBATCH, HALVINGS);
        return spec.toBuilder()
                .setLearning(Learning.newBuilder().setFpt(Fpt.newBuilder().setHalfLifeSteps(halfLife)))
                .build();
    }

    /** @param samples row by row, channels interleaved */
    static EvalTask.Item item(byte[] samples, int label) {
        return EvalTask.Item.plain(Example.newBuilder()
                .setObservation(
                        Observation.newBuilder().setImage(Image.newBuilder().setRaw(ByteString.copyFrom(samples))))
                .setTarget(Target.newBuilder().setLabel(CLASSES.get(label)))
                .build());
    }

    /** Share of the most frequent class. */
    static double majority(List<EvalTask.Item> items) {
        Map<String, Long> counts = items.stream()
                .map(item -> item.example().getTarget().getLabel())
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        return (double) counts.values().stream().mapToLong(count -> count).max().orElse(0) / items.size();
    }
}
