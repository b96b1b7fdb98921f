// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.workload.IdxFile;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.loadtest.workload.Workloads;
import dev.reservoir.v1.Head;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** MNIST in patches of 4 x 4, 49 tokens of 16 pixels: all of it from its four files, or the sample of the demo. */
final class Digits {
    static final List<String> FILES = List.of(
            "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");

    static final int TOKENS = 49;
    private static final int SIDE = 28;
    private static final int PATCH = 4;
    private static final Head SPEC = Pictures.spec(SIDE, 1, PATCH);

    /**
     * What distinguishes the whole data from the sample.
     *
     * @param rate what the form of the task says about the learning rate
     */
    private record Variant(String rate, String source, Head fpt) {}

    private Digits() {}

    static EvalTask sample(EvalTask.Amount amount) {
        Workload workload = new Workloads(Workloads.DEMO_SEED).byId("image-digits");
        List<EvalTask.Item> train =
                workload.train().stream().map(EvalTask.Item::plain).toList();
        List<EvalTask.Item> test = Draws.shuffled(workload.test()).stream()
                .map(EvalTask.Item::plain)
                .toList();
        return task(new Variant("", "sample of MNIST that ships with this program", SPEC), train, test, amount);
    }

    static EvalTask read(Path folder, EvalTask.Amount amount) {
        return task(
                new Variant("; " + Pictures.FADING, "MNIST", Pictures.fading(SPEC, amount)),
                Draws.shuffled(items(folder, 0)),
                Draws.shuffled(items(folder, 2)),
                amount);
    }

    /** The validation items are the first of the training items. */
    private static EvalTask task(
            Variant variant, List<EvalTask.Item> train, List<EvalTask.Item> test, EvalTask.Amount amount) {
        int validation = Math.min(amount.validation(), train.size() / 2);
        List<EvalTask.Item> tested = test.subList(0, Math.min(amount.test(), test.size()));
        return new EvalTask(
                "mnist",
                "28 x 28 grey in patches of 4 x 4, 49 tokens, 10 classes" + variant.rate(),
                variant.source() + ", " + (train.size() - validation) + " pictures to train on",
                new EvalTask.Heads(variant.fpt(), SPEC, TOKENS),
                new EvalTask.TrainingSet(
                        Draws.epochs(train.subList(validation, train.size())), amount.examples(), Contender.MINIBATCH),
                new EvalTask.HeldOut(train.subList(0, validation), tested),
                new EvalTask.Scoring(
                        0.8,
                        256,
                        new EvalTask.Floor(Pictures.majority(tested), "the most frequent digit"),
                        "",
                        new EvalTask.Published(98.0, 91.7, 99.1)));
    }

    private static List<EvalTask.Item> items(Path folder, int first) {
        IdxFile images = file(folder, FILES.get(first));
        IdxFile labels = file(folder, FILES.get(first + 1));
        if (images.items() != labels.items()) {
            throw new UncheckedIOException(new IOException(folder.resolve(FILES.get(first)) + ": " + images.items()
                    + " pictures (expected: " + labels.items() + ", as many as labels)"));
        }
        return IntStream.range(0, images.items())
                .mapToObj(i -> Pictures.item(images.item(i), labels.item(i)[0]))
                .toList();
    }

    private static IdxFile file(Path folder, String name) {
        try {
            return IdxFile.parse(name, Files.readAllBytes(folder.resolve(name)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
