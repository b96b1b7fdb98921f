// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.FeatureLearner.Item;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.server.substrate.torch.BareProduct;
import dev.reservoir.server.substrate.torch.BareProduct.Kernel;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * {@code least-squares}: examples a second that one head of {@code classes} labels learns by recursive least squares at
 * {@code width} in minibatches, prediction and scoring included; and the time of two products {@code [m, F] x [F, F]},
 * which is as much arithmetic as a minibatch needs, on the same thread. Seconds are those of a core: what the thread
 * waits for others' work does not count. For a process with one thread in a product.
 */
final class LeastSquaresMeasurement implements Measurement {
    private static final int DISTINCT = 64;

    /** Time this thread had a core for: what it waits for others' work does not count. */
    private static final LongSupplier CPU = ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime;

    private final Subject subject;

    LeastSquaresMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int width = request.integer("width", 1, 4_096);
        int classes = request.integer("classes", 2, 1_000);
        int minibatch = request.integer("minibatch", 1, 1_024);
        int millis = request.integer("millis", 1, 60_000);
        ObservationEncoder encoder = encoder(subject.usual(), width);
        List<List<Item>> batches = batches(width, classes, minibatch);
        long nanos;
        try (Learners learners = new Learners();
                FeatureLearner learner = learners.create(spec(classes), encoder)) {
            int[] next = {0};
            nanos = new Repetition(CPU).medianNanosOf(millis, () -> learner.learn(batches.get(next[0]++ % DISTINCT)));
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("examplesPerSecond", minibatch * 1e9 / nanos);
        answer.addProperty("nanos", nanos);
        answer.addProperty("bareNanos", bareNanos(width, minibatch, millis / 2));
        return answer;
    }

    private long bareNanos(int width, int minibatch, int millis) {
        Repetition repetition = new Repetition(CPU);
        try (BareProduct product = new BareProduct(1, CPU)) {
            product.prepare(Kernel.F32, minibatch, width, width);
            return repetition.medianNanos(millis, () -> product.nanos(Kernel.F32, 2));
        }
    }

    private static List<List<Item>> batches(int width, int classes, int minibatch) {
        Random random = new Random(11);
        List<List<Item>> batches = new ArrayList<>();
        for (int b = 0; b < DISTINCT; b++) {
            List<Item> items = new ArrayList<>();
            for (int i = 0; i < minibatch; i++) {
                float[] values = new float[width];
                for (int f = 0; f < width; f++) {
                    values[f] = (float) random.nextGaussian();
                }
                items.add(new Item(new Features(values, 1, 0, null), new Target.Label(label(random.nextInt(classes)))));
            }
            batches.add(items);
        }
        return batches;
    }

    private static HeadSpec spec(int classes) {
        List<String> labels = IntStream.range(0, classes)
                .mapToObj(LeastSquaresMeasurement::label)
                .toList();
        return new HeadSpec(
                new HeadName("bench", "least-squares"),
                new ModalitySpec.Text(128),
                new Task.Classification(labels, classes),
                new EncoderSpec(EncoderSpec.Pooling.MEAN, 2_048, false),
                new LearningSpec.RecursiveLeastSquares(100, 1, 256),
                0);
    }

    private static String label(int index) {
        return "label-" + index;
    }

    /** An encoder whose features are the observation's own values, this many in a row. */
    private static ObservationEncoder encoder(Substrate substrate, int width) {
        return new Encoders(substrate.info(), substrate.tokenizer())
                .encoder(
                        new ModalitySpec.Tensor(width, 1),
                        new EncoderSpec(EncoderSpec.Pooling.INPUT_ONLY, 2_048, true));
    }
}
