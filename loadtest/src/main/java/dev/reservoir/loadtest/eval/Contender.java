// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.Fpt.Part;
import dev.reservoir.v1.FrozenCompanion;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.RecursiveLeastSquares;
import java.util.ArrayList;
import java.util.List;

/** What is compared on each task. */
enum Contender {
    FPT("fpt", "pretrained, frozen", "minilm", List.of(Part.READOUT, Part.NORMS, Part.INPUT, Part.POSITIONS)),
    RANDOM("random", "random weights, frozen", "random:minilm", FPT.parts),
    FPT_COMPANION("fpt-companion", "as fpt, with a frozen baseline; the better one answers", "minilm", FPT.parts),
    READOUT_NORMS_INPUT(
            "readout-norms-input", "as fpt, positions frozen", "minilm", List.of(Part.READOUT, Part.NORMS, Part.INPUT)),
    READOUT_NORMS("readout-norms", "as fpt, positions and input frozen", "minilm", List.of(Part.READOUT, Part.NORMS)),
    READOUT("readout", "as fpt, only the readout learns", "minilm", List.of(Part.READOUT)),
    FROZEN_LEAST_SQUARES("frozen-ls", "least squares on frozen features", "minilm", List.of()),
    NO_SUBSTRATE("no-substrate", "Adam on the raw input", "minilm", List.of()),
    NO_SUBSTRATE_LEAST_SQUARES("no-substrate-ls", "least squares on the raw input", "minilm", List.of());

    /** Rates at which a linear map of the raw input is also tried: for it, smaller ones only mean fewer steps. */
    private static final List<Double> LINEAR_RATES = List.of(1e-2, 3e-2);

    /** Examples per step, unless a task requires fewer; the number of examples of a head is a multiple of it. */
    static final int MINIBATCH = 16;

    private final String id;
    private final String title;
    private final String substrate;
    private final List<Part> parts;

    Contender(String id, String title, String substrate, List<Part> parts) {
        this.id = id;
        this.title = title;
        this.substrate = substrate;
        this.parts = parts;
    }

    /** Letters, digits and {@code -}. */
    String id() {
        return id;
    }

    String title() {
        return title;
    }

    /** The substrate of the server it runs on. */
    String substrate() {
        return substrate;
    }

    /** Whether it reads the raw input alone. */
    boolean withoutSubstrate() {
        return this == NO_SUBSTRATE || this == NO_SUBSTRATE_LEAST_SQUARES;
    }

    /** Whether it shows which part of an FPT head matters, as opposed to a control. */
    boolean ablation() {
        return this == READOUT || this == READOUT_NORMS || this == READOUT_NORMS_INPUT || this == FPT_COMPANION;
    }

    private boolean leastSquares() {
        return this == NO_SUBSTRATE_LEAST_SQUARES || this == FROZEN_LEAST_SQUARES;
    }

    /** The rates of its sweep; 0 alone if it has no rate. */
    List<Double> rates(List<Double> requested) {
        if (leastSquares()) {
            return List.of(0.0);
        }
        if (this != NO_SUBSTRATE) {
            return requested;
        }
        List<Double> rates = new ArrayList<>(requested);
        LINEAR_RATES.stream().filter(rate -> !requested.contains(rate)).forEach(rates::add);
        return List.copyOf(rates);
    }

    /** The head as created. */
    Head head(EvalTask task, double rate, long seed) {
        Learning.Builder learning =
                Learning.newBuilder().setMetricWindow(task.scoring().window());
        Head.Builder head = (withoutSubstrate()
                        ? task.heads().control()
                        : task.heads().fpt())
                .toBuilder().setSeed(seed);
        if (this == NO_SUBSTRATE) {
            learning.setGradient(Gradient.newBuilder()
                    .setLearningRate(rate)
                    .setMinibatch(task.training().minibatch()));
        } else if (leastSquares()) {
            learning.setLeastSquares(RecursiveLeastSquares.getDefaultInstance());
        } else {
            Fpt.Builder fpt = task.heads().fpt().getLearning().getFpt().toBuilder()
                    .addAllParts(parts)
                    .setLearningRate(rate)
                    .setMinibatch(task.training().minibatch());
            if (this == FPT_COMPANION) {
                fpt.setCompanion(FrozenCompanion.getDefaultInstance());
            }
            learning.setFpt(fpt);
        }
        if (withoutSubstrate()) {
            head.setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.INPUT_ONLY));
        } else if (this == FROZEN_LEAST_SQUARES) {
            head.clearEncoder();
        }
        return head.setKind(parts.isEmpty() ? Head.Kind.READOUT : Head.Kind.FPT)
                .setLearning(learning)
                .build();
    }
}
