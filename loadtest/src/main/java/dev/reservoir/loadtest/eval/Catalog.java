package dev.reservoir.loadtest.eval;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The tasks, in the order in which they are shown, with the amount of work of each: fixed, whatever the machine. */
final class Catalog {
    static final List<String> NAMES = List.of("bit-xor", "bit-memory", "listops", "mnist", "cifar-10", "cifar-10-lra");

    private static final BitMemory SMALL_MEMORY = new BitMemory(5, 50, 50);

    private final boolean quick;
    private final boolean everywhere;
    private final @Nullable Path data;
    private final int examples;

    /**
     * @param quick the small form of every task, and those that are too long for it left out
     * @param everywhere whether the ablation is part of every task even so
     * @param data folder of the files; null where there is none
     * @param examples instead of each task's own; 0 for those
     */
    Catalog(boolean quick, boolean everywhere, @Nullable Path data, int examples) {
        this.quick = quick;
        this.everywhere = everywhere;
        this.data = data;
        this.examples = examples;
    }

    List<TaskEntry> all() {
        BitMemory memory = quick ? SMALL_MEMORY : BitMemory.PAPER;
        List<TaskEntry> tasks = new ArrayList<>();
        tasks.add(new TaskEntry(
                "bit-xor",
                10,
                ablation(false),
                "",
                () -> BitXor.task(quick ? amount(4_000, 128, 128) : amount(40_000, 128, 128))));
        tasks.add(new TaskEntry(
                "bit-memory",
                memory.tokens(),
                ablation(false),
                "",
                () -> memory.task(quick ? amount(12_000, 100, 300) : amount(40_000, 500, 2_000))));
        Amount lists = amount(40_000, 500, 2_000);
        tasks.add(
                quick
                        ? tooLong("listops", ListOps.LONGEST)
                        : missing(ListOps.FILES).isEmpty()
                                ? new TaskEntry("listops", ListOps.LONGEST, true, "", reader(ListOps::read, lists))
                                : new TaskEntry("listops", ListOps.LONGEST, true, "", () -> ListOps.generated(lists)));
        Amount digits = quick ? amount(1_280, 150, 300) : amount(60_000, 1_000, 10_000);
        tasks.add(new TaskEntry(
                "mnist",
                Digits.TOKENS,
                true,
                "",
                missing(Digits.FILES).isEmpty() ? reader(Digits::read, digits) : () -> Digits.sample(digits)));
        Amount colour = amount(40_000, 1_000, 10_000);
        tasks.add(
                quick
                        ? tooLong("cifar-10", Cifar10.TOKENS)
                        : new TaskEntry(
                                "cifar-10",
                                Cifar10.TOKENS,
                                true,
                                missing(Cifar10.FILES),
                                reader(Cifar10::colour, colour)));
        tasks.add(new TaskEntry(
                "cifar-10-lra", Cifar10.PIXELS, true, missing(Cifar10.FILES), reader(Cifar10::grey, colour)));
        return List.copyOf(tasks);
    }

    private boolean ablation(boolean inQuick) {
        return inQuick || everywhere || !quick;
    }

    private Amount amount(int ownExamples, int validation, int test) {
        Amount own = new Amount(ownExamples, validation, test);
        return examples == 0 ? own : own.withExamples(examples);
    }

    private static TaskEntry tooLong(String name, int tokens) {
        return new TaskEntry(name, tokens, true, "not part of --quick", () -> {
            throw new IllegalStateException(name + " is not part of --quick");
        });
    }

    /** Empty where all the files are there. */
    private String missing(List<String> files) {
        String wanted = "needs " + String.join(", ", files) + " in the folder of --data";
        Path folder = data;
        if (folder == null) {
            return wanted;
        }
        return files.stream().allMatch(file -> Files.isRegularFile(folder.resolve(file))) ? "" : wanted;
    }

    private Supplier<EvalTask> reader(Reader reader, Amount amount) {
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
        EvalTask read(Path folder, Amount amount);
    }
}
