// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import dev.reservoir.loadtest.client.LoadReport;
import dev.reservoir.loadtest.client.OpenLoop;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.run.RunFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Serving and training at the same time over gRPC: what each costs the other, at a rate that leaves capacity for both
 * and at one that does not.
 */
final class TrainBesideFigure implements Figure {
    private static final int ROUNDS = 3;
    private static final int MILLIS = 8_000;
    private static final int WARMING_MILLIS = 2_500;
    private static final int HEADS = 16;
    private static final int MINIBATCH = 4;
    private static final int MODERATE = 30;
    private static final int HEAVY = 120;
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

    @Override
    public String name() {
        return "train-beside";
    }

    @Override
    public String about() {
        return "open-loop predictions of texts of " + TrainSteps.TOKENS + " tokens, " + MODERATE + " and " + HEAVY
                + " per second, with and without " + HEADS + " FPT heads learning from streams at the same time";
    }

    /** The measurements at one rate, one value per round. */
    private static final class Beside {
        final int perSecond;
        final double[] p50Alone = new double[ROUNDS];
        final double[] p99Alone = new double[ROUNDS];
        final double[] p50 = new double[ROUNDS];
        final double[] p99 = new double[ROUNDS];
        final double[] training = new double[ROUNDS];

        Beside(int perSecond) {
            this.perSecond = perSecond;
        }
    }

    @Override
    public List<Measured> measure(Apparatus apparatus, Progress progress) throws InterruptedException {
        ReservoirClient training = apparatus.secondClient();
        TextHeads serving = TextHeads.create(apparatus.client(), name(), 1);
        Texts texts = new Texts(6);
        List<Beside> rates = List.of(new Beside(MODERATE), new Beside(HEAVY));
        double[] solo = new double[ROUNDS];
        try (PredictionStream stream = apparatus.client().predictions()) {
            progress.at("warming up");
            try (TrainingLoad load = TrainingLoad.start(training, name(), HEADS, MINIBATCH)) {
                serve(stream, serving, texts, MODERATE, WARMING_MILLIS);
            }
            serve(stream, serving, texts, HEAVY, WARMING_MILLIS);
            for (int round = 0; round < ROUNDS; round++) {
                String prefix = "round " + (round + 1) + " of " + ROUNDS + ", ";
                for (Beside at : rates) {
                    progress.at(prefix + at.perSecond + " predictions per second alone");
                    LoadReport alone = serve(stream, serving, texts, at.perSecond, MILLIS);
                    at.p50Alone[round] = alone.latency().p50Millis();
                    at.p99Alone[round] = alone.latency().p99Millis();
                }
                progress.at(prefix + "training alone");
                try (TrainingLoad load = TrainingLoad.start(training, name(), HEADS, MINIBATCH)) {
                    Thread.sleep(WARMING_MILLIS);
                    long before = load.handled();
                    long start = System.nanoTime();
                    Thread.sleep(MILLIS);
                    solo[round] = (load.handled() - before) * 1e9 / (System.nanoTime() - start);
                    for (Beside at : rates) {
                        progress.at(prefix + "training beside " + at.perSecond + " predictions per second");
                        beside(stream, serving, texts, load, at, round);
                    }
                }
            }
        }
        List<Measured> figures = new ArrayList<>();
        figures.add(new Measured(name() + ".training-alone", Spread.of(solo), "examples/s"));
        for (Beside at : rates) {
            figures.addAll(figures(at, solo));
        }
        return figures;
    }

    private static void beside(
            PredictionStream stream, TextHeads heads, Texts texts, TrainingLoad load, Beside at, int round)
            throws InterruptedException {
        long before = load.handled();
        long start = System.nanoTime();
        LoadReport both = serve(stream, heads, texts, at.perSecond, MILLIS);
        at.training[round] = (load.handled() - before) * 1e9 / (System.nanoTime() - start);
        at.p50[round] = both.latency().p50Millis();
        at.p99[round] = both.latency().p99Millis();
    }

    private static LoadReport serve(PredictionStream stream, TextHeads heads, Texts texts, int perSecond, int millis)
            throws InterruptedException {
        OpenLoop loop = new OpenLoop(
                perSecond,
                Timekeeper.system(),
                index -> stream.predict(heads.requestOne(0, texts.next(TrainSteps.TOKENS)))
                        .thenAccept(TextHeads::checkAnswered));
        Thread sender = new Thread(loop::run, "predictions");
        sender.setDaemon(true);
        sender.start();
        Thread.sleep(millis);
        loop.stop();
        sender.join();
        long end = System.nanoTime() + DRAIN_NANOS;
        while (stream.inFlight() > 0 && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        LoadReport report = loop.report();
        if (report.errors() > 0) {
            throw new RunFailure(report.errors() + " predictions failed, the first: " + report.firstError());
        }
        return report;
    }

    private List<Measured> figures(Beside at, double[] solo) {
        boolean moderate = at.perSecond == MODERATE;
        String part = name() + "." + at.perSecond;
        return List.of(
                new Measured(part + "-p50-alone", Spread.of(at.p50Alone), "ms"),
                new Measured(part + "-p50", Spread.of(at.p50), "ms"),
                new Measured(part + "-p99-alone", Spread.of(at.p99Alone), "ms"),
                new Measured(part + "-p99", Spread.of(at.p99), "ms"),
                new Measured(part + "-p99-over-alone", ratio(at.p99, at.p99Alone), "x")
                        .withTarget(moderate ? Target.atMost(1.5) : null),
                new Measured(part + "-training-kept", ratio(at.training, solo), "x")
                        .withTarget(moderate ? Target.atLeast(0.6) : null)
                        .withNote("examples/s over those without predictions"));
    }

    private static Spread ratio(double[] over, double[] under) {
        double[] ratios = new double[over.length];
        for (int i = 0; i < over.length; i++) {
            ratios[i] = over[i] / under[i];
        }
        return Spread.of(ratios);
    }
}
