// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Target;
import dev.reservoir.server.Core;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * {@code memory}: resident bytes of this process with {@code heads} text heads of ten labels that each learned
 * {@code examples}, above those of a process that has been at work with one, and how much of that is Java's heap.
 * Kinds: {@code gradient}; {@code private}, least squares in which no two heads saw the observations in the same order;
 * {@code shared}, least squares on the same observations with targets of each head's own. Run once per process.
 */
final class MemoryMeasurement implements Measurement {
    private static final int CREDITS = 256;
    /**
     * Histories that one head learns before the count begins, so that compiled code and the like are not charged to
     * heads.
     */
    private static final int WARMING = 200;

    private static final long CACHE_BYTES = 4 << 20;

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
            ProcessMemory before = ProcessMemory.now();
            for (int h = 0; h < heads; h++) {
                List<Observation> order = new ArrayList<>(observations);
                if (shuffled) {
                    Collections.shuffle(order, new Random(h));
                }
                train(core, core.registry().create(TextHeads.spec("head-" + h, learning), ""), order, 0, new Random(h));
            }
            ProcessMemory after = ProcessMemory.now();
            JsonObject answer = new JsonObject();
            answer.addProperty("bytes", after.residentBytes() - before.residentBytes());
            answer.addProperty("before", before.residentBytes());
            answer.addProperty("after", after.residentBytes());
            answer.addProperty("heapBytes", after.heapBytes() - before.heapBytes());
            return answer;
        }
    }

    private static void train(Core core, LiveHead head, List<Observation> observations, long learned, Random random) {
        Trainer trainer = new Trainer(core, CREDITS);
        for (int i = 0; i < observations.size(); i++) {
            Target target = new Target.Label(TextHeads.label(random.nextInt(TextHeads.CLASSES)));
            trainer.queue(head, learned + i + 1, observations.get(i), target);
        }
        trainer.await();
    }
}
