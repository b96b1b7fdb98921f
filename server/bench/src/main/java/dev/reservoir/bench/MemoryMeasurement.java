// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import com.sun.management.HotSpotDiagnosticMXBean;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Target;
import dev.reservoir.server.Core;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.engine.TrainingListener;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * {@code memory}: resident bytes of this process with {@code heads} text heads of ten labels that each learned
 * {@code examples}, above those of a process that has been at work with one, and how much of that is Java's heap. Free
 * heap is given back to the system before both are read: how much of it a collector keeps is its own affair, and not
 * the same twice. Kinds: {@code gradient}; {@code private}, least squares in which no two heads saw the observations in
 * the same order; {@code shared}, least squares on the same observations with targets of each head's own. Run once per
 * process.
 */
final class MemoryMeasurement implements Measurement {
    private static final int CREDITS = 256;
    /**
     * Histories that one head learns before the count begins, so that compiled code and the like are not charged to
     * heads.
     */
    private static final int WARMING = 200;

    private static final long CACHE_BYTES = 4 << 20;
    /** Options that a running HotSpot takes: how much of the heap may be free after a collection, in per cent. */
    private static final String LEAST_FREE = "MinHeapFreeRatio";

    private static final String MOST_FREE = "MaxHeapFreeRatio";
    private static final int SETTLED_READINGS = 20;
    /** A collection that frees less than this was the last one needed. */
    private static final long SAME_BYTES = 1 << 20;

    private static final long READING_NANOS = 50_000_000;

    private final Subject subject;

    MemoryMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int heads = request.integer("heads", 1, 20_000);
        int examples = request.integer("examples", 1, 10_000);
        String kind = request.text("kind");
        Texts texts = new Texts(request.texts("vocabulary"), 1);
        boolean shuffled = kind.equals("private");
        if (!shuffled && !kind.equals("gradient") && !kind.equals("shared")) {
            throw new IllegalArgumentException("kind: " + kind + " (expected: gradient, private or shared)");
        }
        LearningSpec learning = kind.equals("gradient") ? TextHeads.gradient() : TextHeads.leastSquares();
        List<Observation> observations = new ArrayList<>();
        for (int i = 0; i < examples; i++) {
            observations.add(new Observation.Text(texts.next(6)));
        }
        try (Core core = subject.core(CACHE_BYTES)) {
            LiveHead none = core.registry().create(TextHeads.spec("none", learning), "");
            for (int i = 0; i < WARMING; i++) {
                train(core, none, observations, i * examples, new Random(i));
            }
            long before = residentBytes();
            long heapBefore = heapBytes();
            for (int h = 0; h < heads; h++) {
                List<Observation> order = new ArrayList<>(observations);
                if (shuffled) {
                    Collections.shuffle(order, new Random(h));
                }
                train(core, core.registry().create(TextHeads.spec("head-" + h, learning), ""), order, 0, new Random(h));
            }
            long after = residentBytes();
            JsonObject answer = new JsonObject();
            answer.addProperty("bytes", after - before);
            answer.addProperty("before", before);
            answer.addProperty("after", after);
            answer.addProperty("heapBytes", heapBytes() - heapBefore);
            return answer;
        }
    }

    private static void train(Core core, LiveHead head, List<Observation> observations, long learned, Random random) {
        Waiter waiter = new Waiter();
        for (int i = 0; i < observations.size(); i++) {
            waiter.credits.acquireUninterruptibly();
            Target target = new Target.Label(TextHeads.label(random.nextInt(TextHeads.CLASSES)));
            HashedObservation observation = new HashedObservation(observations.get(i));
            Engine engine = core.engine();
            engine.queue(engine.prepare(head, learned + i + 1, observation, target, waiter));
        }
        waiter.credits.acquireUninterruptibly(CREDITS);
        if (waiter.refused.get() > 0) {
            throw new IllegalStateException(waiter.refused.get() + " examples refused (expected: none)");
        }
    }

    /** Measures after collections that return free heap, so that only live memory counts, not garbage or spare heap. */
    private static long residentBytes() {
        HotSpotDiagnosticMXBean machine = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        String least = machine.getVMOption(LEAST_FREE).getValue();
        String most = machine.getVMOption(MOST_FREE).getValue();
        machine.setVMOption(LEAST_FREE, "0");
        machine.setVMOption(MOST_FREE, "0");
        long resident = Long.MAX_VALUE;
        long before;
        do {
            before = resident;
            System.gc();
            resident = Math.min(resident, settled());
        } while (resident < before - SAME_BYTES);
        machine.setVMOption(MOST_FREE, most);
        machine.setVMOption(LEAST_FREE, least);
        return resident;
    }

    /** The collector gives memory back on a thread of its own: waits until there is no less of it for a while. */
    private static long settled() {
        long least = Long.MAX_VALUE;
        for (int quiet = 0; quiet < SETTLED_READINGS; quiet++) {
            long now = residentNow();
            if (now < least) {
                least = now;
                quiet = 0;
            }
            LockSupport.parkNanos(READING_NANOS);
        }
        return least;
    }

    private static long residentNow() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("/proc/self/status: no VmRSS"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long heapBytes() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static final class Waiter implements TrainingListener {
        private final Semaphore credits = new Semaphore(CREDITS);
        private final AtomicInteger refused = new AtomicInteger();

        @Override
        public void handled(int handled, List<Refusal> refusals, HeadVersion published) {
            refused.addAndGet(refusals.size());
            credits.release(handled);
        }

        @Override
        public void deleted() {
            throw new IllegalStateException("deleted (expected: a head that stays)");
        }

        @Override
        public void stopped() {
            throw new IllegalStateException("stopped (expected: an engine that runs)");
        }
    }
}
