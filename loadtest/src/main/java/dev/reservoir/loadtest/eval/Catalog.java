// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The tasks, in display order, with the amount of work of each, which does not depend on the machine. */
final class Catalog {
    /**
     * A task that may be run.
     *
     * @param tokens most that the substrate reads for one observation
     * @param ablation whether the parts of a head are compared with each other on it
     * @param missing why its data is not available; empty if it is
     * @param load reads or generates its data; called when the task is run
     */
    record Entry(String name, int tokens, boolean ablation, String missing, Supplier<EvalTask> load) {}

    static final List<String> NAMES = List.of("bit-xor", "bit-memory", "listops", "mnist", "cifar-10", "cifar-10-lra");

    private static final BitMemory SMALL_MEMORY = new BitMemory(5, 50, 50);

    private final boolean quick;
    private final boolean everywhere;
    private final @Nullable Path data;
    private final int examples;

    /**
     * @param quick the small form of every task, without those that take too long
     * @param everywhere whether to run the ablation on every task regardless
     * @param data folder of the files; null if there is none
     * @param examples overrides the number of examples of every task; 0 keeps their own
     */
    Catalog(boolean quick, boolean everywhere, @Nullable Path data, int examples) {
        this.quick = quick;
        this.everywhere = everywhere;
        this.data = data;
        this.examples = examples;
    }

    List<Entry> all() {
        BitMemory memory = quick ? SMALL_MEMORY : BitMemory.PAPER;
        List<Entry> tasks = new ArrayList<>();
        tasks.add(new Entry(
                "bit-xor",
                10,
                ablation(false),
                "",
                () -> BitXor.task(quick ? amount(4_000, 128, 128) : amount(40_000, 128, 128))));
        tasks.add(new Entry(
                "bit-memory",
                memory.tokens(),
                ablation(false),
                "",
                () -> memory.task(quick ? amount(12_000, 100, 300) : amount(40_000, 500, 2_000))));
        EvalTask.Amount lists = amount(40_000, 500, 2_000);
        tasks.add(
                quick
                        ? tooLong("listops", ListOps.MAX_TOKENS)
                        : missing(ListOps.FILES).isEmpty()
                                ? new Entry("listops", ListOps.MAX_TOKENS, true, "", reader(ListOps::read, lists))
                                : new Entry("listops", ListOps.MAX_TOKENS, true, "", () -> ListOps.generated(lists)));
        EvalTask.Amount digits = quick ? amount(1_280, 150, 300) : amount(60_000, 1_000, 10_000);
        tasks.add(new Entry(
                "mnist",
                Digits.TOKENS,
                true,
                "",
                missing(Digits.FILES).isEmpty() ? reader(Digits::read, digits) : () -> Digits.sample(digits)));
        EvalTask.Amount colour = amount(40_000, 1_000, 10_000);
        tasks.add(
                quick
                        ? tooLong("cifar-10", Cifar10.TOKENS)
                        : new Entry(
                                "cifar-10",
                                Cifar10.TOKENS,
                                true,
                                missing(Cifar10.FILES),
                                reader(Cifar10::colour, colour)));
        tasks.add(
                new Entry("cifar-10-lra", Cifar10.PIXELS, true, missing(Cifar10.FILES), reader(Cifar10::grey, colour)));
        return List.copyOf(tasks);
    }

    private boolean ablation(boolean inQuick) {
        return inQuick || everywhere || !quick;
    }

    private EvalTask.Amount amount(int ownExamples, int validation, int test) {
        EvalTask.Amount own = new EvalTask.Amount(ownExamples, validation, test);
        return examples == 0 ? own : own.withExamples(examples);
    }

    private static Entry tooLong(String name, int tokens) {
        return new Entry(name, tokens, true, "not part of --quick", () -> {
            throw new IllegalStateException(name + " is not part of --quick");
        });
    }

    /** Which files are missing; empty if none is. */
    private String missing(List<String> files) {
        String requirement = "needs " + String.join(", ", files) + " in the folder of --data";
        Path folder = data;
        if (folder == null) {
            return requirement;
        }
        return files.stream().allMatch(file -> Files.isRegularFile(folder.resolve(file))) ? "" : requirement;
    }

    private Supplier<EvalTask> reader(Reader reader, EvalTask.Amount amount) {
        return () -> {
            Path folder = data;
            if (folder == null) {
                throw new IllegalStateException("data: none (expected: a folder)");
            }
            return reader.read(folder, amount);
        };
    }

    @FunctionalInterface
    private interface Reader {
        EvalTask read(Path folder, EvalTask.Amount amount);
    }
}
