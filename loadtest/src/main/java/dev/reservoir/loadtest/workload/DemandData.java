// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Forecast;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.Vector;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Electricity demand in England and Wales, one number per half hour, twelve weeks: predict the next six hours (12
 * numbers) from the last week (336). Targets in the first nine weeks are trained on in chronological order, those in
 * the last three tested; windows start half an hour apart.
 */
final class DemandData {

    private static final int DAY = 48;
    private static final int WEEK = 7 * DAY;
    private static final int WINDOW = WEEK;
    private static final int HORIZON = 12;
    private static final int TRAIN_VALUES = 9 * WEEK;

    private DemandData() {}

    static Workload load() {
        float[] demand = values(new Resource("taylor.txt.gz").lines());
        List<Example> train = examples(demand, WINDOW, TRAIN_VALUES);
        List<Example> test = examples(demand, TRAIN_VALUES, demand.length);
        Baseline baseline = Stream.of(
                        new Baseline(repeatingError(test, 1), "the last value goes on"),
                        new Baseline(repeatingError(test, DAY), "as one day before"),
                        new Baseline(repeatingError(test, WEEK), "as one week before"))
                .min(Comparator.comparingDouble(Baseline::score))
                .orElseThrow();
        return new Workload(
                "series-demand",
                "Series: electricity demand (MW) of the next six hours from that of the last week",
                Head.newBuilder()
                        .setModality(Modality.newBuilder()
                                .setSeries(SeriesModality.newBuilder()
                                        .setChannels(1)
                                        .setWindow(WINDOW)
                                        .setPatch(8)
                                        .setNormalization(SeriesModality.Normalization.PER_WINDOW)))
                        .setTask(Task.newBuilder()
                                .setForecast(Forecast.newBuilder().setHorizon(HORIZON)))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.MEAN_ABSOLUTE_ERROR,
                new Workload.Data(
                        train,
                        test,
                        "taylor (J. W. Taylor 2003, doi 10.1057/palgrave.jors.2601589); from Debian r-cran-forecast"
                                + " 8.20-1, GPL-3"),
                baseline);
    }

    /** Every example whose targets lie in {@code [firstTarget, end)}. */
    private static List<Example> examples(float[] demand, int firstTarget, int end) {
        return IntStream.rangeClosed(firstTarget, end - HORIZON)
                .mapToObj(target -> example(demand, target))
                .toList();
    }

    private static Example example(float[] demand, int target) {
        Matrix.Builder window = Matrix.newBuilder().setColumns(1);
        for (int at = target - WINDOW; at < target; at++) {
            window.addValues(demand[at]);
        }
        Vector.Builder next = Vector.newBuilder();
        for (int at = target; at < target + HORIZON; at++) {
            next.addValues(demand[at]);
        }
        return Example.newBuilder()
                .setObservation(Observation.newBuilder().setSeries(window))
                .setTarget(Target.newBuilder().setValues(next))
                .build();
    }

    /** Mean absolute error of repeating the last {@code period} values of the window. */
    private static double repeatingError(List<Example> test, int period) {
        return test.stream()
                .mapToDouble(example -> IntStream.range(0, HORIZON)
                        .mapToDouble(step -> Math.abs(example.getTarget()
                                        .getValues()
                                        .getValues(step)
                                - example.getObservation().getSeries().getValues(WINDOW - period + step % period)))
                        .average()
                        .orElseThrow())
                .average()
                .orElseThrow();
    }

    private static float[] values(List<String> lines) {
        float[] values = new float[lines.size()];
        for (int at = 0; at < values.length; at++) {
            values[at] = Float.parseFloat(lines.get(at));
        }
        return values;
    }
}
