// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.TrainingListener;
import dev.reservoir.loadtest.client.TrainingStream;
import dev.reservoir.loadtest.run.RunFailure;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Heads that learn through the substrate, each from its own stream, as fast as the server accepts examples, until this
 * is closed. Closing deletes them together with the examples that wait to be learned, since credits allow many to be
 * sent ahead.
 */
final class TrainingLoad implements AutoCloseable {
    private static final int WIDTH = 16;
    private static final int CLASSES = 10;
    private static final int DISTINCT = 64;

    private final ReservoirClient client;
    private final List<String> heads;
    private final List<TrainingStream> streams = new ArrayList<>();
    private final AtomicLong handled = new AtomicLong();

    private TrainingLoad(ReservoirClient client, List<String> heads) {
        this.client = client;
        this.heads = heads;
    }

    /**
     * Creates heads and starts their streams.
     *
     * @param tenant of these heads alone
     * @param minibatch examples per step
     */
    static TrainingLoad start(ReservoirClient client, String tenant, int count, int minibatch) {
        Classification.Builder labels = Classification.newBuilder();
        for (int c = 0; c < CLASSES; c++) {
            labels.addLabels("label-" + c);
        }
        Head spec = Head.newBuilder()
                .setModality(Modality.newBuilder()
                        .setTensor(TensorModality.newBuilder().setWidth(WIDTH).setMaxRows(TrainSteps.TOKENS)))
                .setTask(Task.newBuilder().setClassification(labels))
                .setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.MEAN))
                .setLearning(Learning.newBuilder().setFpt(Fpt.newBuilder().setMinibatch(minibatch)))
                .build();
        List<String> names = new ArrayList<>();
        for (int h = 0; h < count; h++) {
            String name = "tenants/" + tenant + "/heads/fpt-" + h;
            client.createHead(name, spec, "bench");
            names.add(name);
        }
        List<Example> examples = examples();
        TrainingLoad load = new TrainingLoad(client, names);
        for (String name : names) {
            load.streams.add(client.train(
                    name,
                    0,
                    sequence -> examples.get((int) (sequence % DISTINCT)).toBuilder()
                            .setSequence(sequence)
                            .build(),
                    load.new Counter()));
        }
        return load;
    }

    private static List<Example> examples() {
        SplittableRandom random = new SplittableRandom(23);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < DISTINCT; i++) {
            Matrix.Builder matrix = Matrix.newBuilder().setColumns(WIDTH);
            for (int k = 0; k < TrainSteps.TOKENS * WIDTH; k++) {
                matrix.addValues((float) (2 * random.nextDouble() - 1));
            }
            examples.add(Example.newBuilder()
                    .setObservation(Observation.newBuilder().setTensor(matrix))
                    .setTarget(Target.newBuilder().setLabel("label-" + i % CLASSES))
                    .build());
        }
        return examples;
    }

    /** Examples handled so far. */
    long handled() {
        return handled.get();
    }

    @Override
    public void close() {
        boolean broken = streams.stream().anyMatch(stream -> stream.completion().isDone());
        streams.forEach(TrainingStream::cancel);
        heads.forEach(client::deleteHead);
        if (broken) {
            throw new RunFailure("a training stream ended early (expected: none)");
        }
    }

    /** The contribution of one stream. */
    private final class Counter implements TrainingListener {
        private long through;

        @Override
        public void opened(Opened opened) {
            through = opened.getNextSequence() - 1;
        }

        @Override
        public void progress(Progress progress) {
            long now = Math.max(through, progress.getAppliedThrough());
            handled.addAndGet(now - through);
            through = now;
        }
    }
}
