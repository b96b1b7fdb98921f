// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.ExampleSource;
import dev.reservoir.loadtest.client.LoadReport;
import dev.reservoir.loadtest.client.OpenLoop;
import dev.reservoir.loadtest.client.PredictionStream;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.client.TrainingOutcome;
import dev.reservoir.loadtest.client.TrainingStream;
import dev.reservoir.loadtest.report.Display;
import dev.reservoir.loadtest.report.ProgressTable;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunFailure;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * Trains all heads and controls at once, each on its own stream, while other streams predict, and shows a table
 * meanwhile.
 */
final class TrainingPhase {
    private static final int PREDICTION_STREAMS = 2;
    private static final long TICK_MILLIS = 200;
    private static final long DRAIN_SECONDS = 30;

    /**
     * The outcome.
     *
     * @param seconds from the first stream's opening to the last example learned
     */
    record Outcome(LoadReport load, long repeats, double seconds) {}

    private final DemoSettings settings;
    private final List<Contender> contenders;
    private final Terminal terminal;
    private final PrintStream out;
    private final Timekeeper time;

    TrainingPhase(
            DemoSettings settings, List<Contender> contenders, Terminal terminal, PrintStream out, Timekeeper time) {
        this.settings = settings;
        this.contenders = contenders;
        this.terminal = terminal;
        this.out = out;
        this.time = time;
    }

    /**
     * Runs until every example has been handled.
     *
     * @throws CallFailure if a stream breaks
     * @throws RunFailure if nothing is learned for too long, or if all examples of a head were refused
     */
    Outcome run(ReservoirClient training, ReservoirClient serving) throws InterruptedException {
        long start = time.nanoTime();
        List<PredictionStream> predictions = new ArrayList<>();
        List<TrainingStream> streams = new ArrayList<>();
        for (int i = 0; i < PREDICTION_STREAMS; i++) {
            predictions.add(serving.predictions());
        }
        Traffic traffic = new Traffic(contenders, predictions, new Random(settings.seed()));
        OpenLoop load = new OpenLoop(settings.rate(), time, traffic);
        Thread sender = new Thread(load::run, "predictions");
        sender.setDaemon(true);
        try {
            for (Contender contender : contenders) {
                ExampleSource examples = ExampleSource.of(contender.workload().train());
                streams.add(training.train(contender.head().head(), 0, examples, contender.head()));
                streams.add(training.train(contender.control().head(), 0, examples, contender.control()));
            }
            sender.start();
            watch(streams, predictions, load, start);
            double seconds = (time.nanoTime() - start) / 1e9;
            load.stop();
            sender.join();
            drain(predictions);
            contenders.forEach(TrainingPhase::checkLearned);
            return new Outcome(load.report(), traffic.repeats(), seconds);
        } finally {
            load.stop();
            streams.forEach(TrainingStream::cancel);
            predictions.forEach(PredictionStream::close);
        }
    }

    private void watch(List<TrainingStream> streams, List<PredictionStream> predictions, OpenLoop load, long start)
            throws InterruptedException {
        CompletableFuture<Object> firstFailure = new CompletableFuture<>();
        List<CompletableFuture<TrainingOutcome>> completions =
                streams.stream().map(TrainingStream::completion).toList();
        Stream.concat(completions.stream(), predictions.stream().map(PredictionStream::ended))
                .forEach(end -> end.whenComplete((outcome, failure) -> {
                    if (failure != null) {
                        firstFailure.completeExceptionally(failure);
                    }
                }));
        CompletableFuture<Object> over = CompletableFuture.anyOf(
                firstFailure, CompletableFuture.allOf(completions.toArray(CompletableFuture[]::new)));
        Display display = Display.on(terminal, out);
        long handled = -1;
        long lastProgressNanos = start;
        while (true) {
            boolean done = await(over);
            long now = time.nanoTime();
            show(display, load, (now - start) / 1e9, now, done);
            if (done) {
                return;
            }
            long handledNow = handled();
            if (handledNow != handled) {
                handled = handledNow;
                lastProgressNanos = now;
            } else if (now - lastProgressNanos > settings.stallLimit().toNanos()) {
                throw new RunFailure(
                        "no head learned anything for " + settings.stallLimit().toSeconds() + " s: " + unfinished());
            }
        }
    }

    private static boolean await(CompletableFuture<Object> over) throws InterruptedException {
        try {
            over.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw CallFailure.of("training", e.getCause() == null ? e : e.getCause());
        }
    }

    private void show(Display display, OpenLoop load, double seconds, long now, boolean last) {
        List<ProgressTable.Row> rows = contenders.stream()
                .map(contender -> new ProgressTable.Row(
                        contender.workload().id(),
                        contender.head().handled(),
                        contender.head().total(),
                        contender.workload().metric(),
                        contender.head().score(),
                        contender.head().examplesPerSecond()))
                .toList();
        LoadReport report = load.report();
        ProgressTable.Traffic traffic = new ProgressTable.Traffic(
                report.answered(),
                report.errors(),
                report.achievedRate(),
                report.latency().p50Millis(),
                report.latency().p99Millis());
        List<String> block = ProgressTable.block(rows, traffic, seconds, terminal.style());
        String line = ProgressTable.line(rows, traffic, seconds);
        if (last) {
            display.finish(block, line);
        } else {
            display.update(now, block, line);
        }
    }

    /** Waits for the answers in flight; those that do not arrive count as neither answered nor failed. */
    private static void drain(List<PredictionStream> predictions) throws InterruptedException {
        CompletableFuture<Void> answered = CompletableFuture.allOf(
                predictions.stream().map(PredictionStream::finish).toArray(CompletableFuture[]::new));
        try {
            answered.get(DRAIN_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            // the report covers what was answered
        } catch (ExecutionException e) {
            throw CallFailure.of("predicting while training", e.getCause() == null ? e : e.getCause());
        }
    }

    private static void checkLearned(Contender contender) {
        for (Learning learning : List.of(contender.head(), contender.control())) {
            if (learning.learned() == 0) {
                throw new RunFailure(learning.head() + " learned nothing: " + learning.refused()
                        + " examples refused, the first: " + learning.firstRefusal());
            }
        }
    }

    private long handled() {
        return contenders.stream()
                .mapToLong(contender ->
                        contender.head().handled() + contender.control().handled())
                .sum();
    }

    private String unfinished() {
        StringBuilder text = new StringBuilder();
        for (Contender contender : contenders) {
            for (Learning learning : List.of(contender.head(), contender.control())) {
                if (learning.handled() < learning.total()) {
                    text.append(text.isEmpty() ? "" : ", ")
                            .append(learning.head())
                            .append(" at ")
                            .append(learning.handled())
                            .append(" of ")
                            .append(learning.total());
                }
            }
        }
        return text.toString();
    }
}
