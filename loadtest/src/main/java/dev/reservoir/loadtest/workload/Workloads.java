// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.FrozenCompanion;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The demo's workloads, all loaded. The seed determines which examples are held out (unless the source comes with a
 * split), the streaming order, the noise under the speech and the generated bits. Equal seeds give equal examples.
 */
public final class Workloads {

    /** The seed of every published figure. */
    public static final long DEMO_SEED = 20_260_101L;

    private final List<Workload> all;

    /**
     * Loads every workload: 4 MB of resources become 18 MB of messages.
     *
     * @throws java.io.UncheckedIOException if a resource is missing or malformed
     */
    public Workloads(long seed) {
        Workload image = MnistData.load(seed);
        Workload splice = SpliceData.load(seed);
        Workload digits = DigitData.load(seed);
        Workload bits = XorBits.generate(seed);
        all = List.of(
                SentimentData.load(seed),
                LanguageData.load(seed),
                image,
                splice,
                DemandData.load(),
                digits,
                bits,
                image.throughSubstrate(Encoder.Pooling.CONCATENATE, rule(16, 1e-3, 1), 1_200),
                splice.throughSubstrate(Encoder.Pooling.CONCATENATE, rule(16, 1e-3, 1), 1_008),
                digits.throughSubstrate(Encoder.Pooling.CONCATENATE, rule(8, 1e-3, 1), 600),
                bits.throughSubstrate(Encoder.Pooling.CONCATENATE, rule(8, 2e-3, 3), 1_504));
    }

    /** Answers with the frozen baseline until the tuned head has become better. */
    private static Fpt rule(int minibatch, double learningRate, int updatesPerExample) {
        return Fpt.newBuilder()
                .setMinibatch(minibatch)
                .setLearningRate(learningRate)
                .setUpdatesPerExample(updatesPerExample)
                .setCompanion(FrozenCompanion.getDefaultInstance())
                .build();
    }

    /** All workloads at {@link #DEMO_SEED}. */
    public static List<Workload> demo() {
        return new Workloads(DEMO_SEED).all();
    }

    /** In display order; ids are unique. */
    public List<Workload> all() {
        return all;
    }

    /**
     * The workload of an id.
     *
     * @throws IllegalArgumentException if there is none; the message lists the known ids
     */
    public Workload byId(String id) {
        return all.stream()
                .filter(workload -> workload.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("workload: \"" + id + "\" (expected one of: "
                        + all.stream().map(Workload::id).collect(Collectors.joining(", ")) + ")"));
    }
}
