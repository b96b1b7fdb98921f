// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonObject;
import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.report.Display;
import dev.reservoir.loadtest.report.Machine;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.run.RunFailure;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs figures one after the other and shows each as soon as it is measured. */
final class Bench {
    private final Apparatus apparatus;
    private final Terminal terminal;
    private final PrintStream out;

    Bench(Apparatus apparatus, Terminal terminal, PrintStream out) {
        this.apparatus = apparatus;
        this.terminal = terminal;
        this.out = out;
    }

    /** Every figure, in the order in which they run. */
    static List<Figure> all() {
        List<Figure> figures = new ArrayList<>(List.of(
                new ForwardFigure(new Shape(1, 6)),
                new ForwardFigure(new Shape(1, 16)),
                new ForwardFigure(new Shape(1, 64)),
                new ForwardFigure(new Shape(8, 64)),
                new ForwardFigure(new Shape(32, 64)),
                new PredictStreamFigure(),
                new FanOutFigure(),
                new MixedHeadsFigure(),
                new LatencyFigure(),
                new ModelServerFigure(),
                new SentimentFigure(),
                new ImageFigure(),
                LeastSquaresFigure.narrow(),
                LeastSquaresFigure.wide()));
        figures.addAll(MemoryFigure.all());
        figures.addAll(List.of(
                new TrainFusedFigure(),
                new TrainPeerFigure(),
                new TrainRateFigure(),
                new TrainPartsFigure(),
                new TrainMemoryFigure(),
                new TrainBesideFigure()));
        return List.copyOf(figures);
    }

    /** @throws RunFailure if a figure cannot be measured */
    BenchReport run(List<Figure> figures) throws InterruptedException {
        long start = System.nanoTime();
        List<Measured> measured = new ArrayList<>();
        JsonObject machine = machine();
        out.println("machine  " + machine.get("processor").getAsString() + ", "
                + machine.get("cores").getAsInt() + " cores, "
                + machine.get("precision").getAsString() + " ("
                + machine.get("precisionReason").getAsString() + "), "
                + machine.get("threads").getAsInt() + " threads inside a product where peers have as many");
        for (int i = 0; i < figures.size(); i++) {
            Figure figure = figures.get(i);
            String title = "[" + (i + 1) + "/" + figures.size() + "] " + figure.name();
            out.println();
            out.println(title + ": " + figure.about());
            Display display = Display.on(terminal, out);
            String[] last = {""};
            Figure.Progress progress = what -> {
                last[0] = "  " + String.format(Locale.ROOT, "%4.0f s  ", (System.nanoTime() - start) / 1e9) + what;
                display.update(System.nanoTime(), List.of(last[0]), last[0]);
            };
            List<Measured> numbers;
            try {
                numbers = figure.measure(apparatus, progress);
            } catch (CallFailure e) {
                throw new RunFailure(figure.name() + ": " + e.getMessage(), e);
            }
            measured.addAll(numbers);
            numbers.forEach(number -> out.println(BenchReport.line(number)));
        }
        return new BenchReport(measured, machine, (System.nanoTime() - start) / 1e9);
    }

    private JsonObject machine() {
        Machine here = Machine.here();
        JsonObject machine = apparatus.machine().deepCopy();
        machine.addProperty("cores", here.cores());
        machine.addProperty("operatingSystem", here.operatingSystem());
        machine.addProperty("java", here.java());
        machine.addProperty(
                "onnxRuntime", ai.onnxruntime.OrtEnvironment.getEnvironment().getVersion());
        return machine;
    }
}
