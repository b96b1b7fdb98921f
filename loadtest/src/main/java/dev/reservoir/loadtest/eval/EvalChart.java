// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Learning curves of a task as PNG: the windowed accuracy of each contender at its chosen rate, averaged over its
 * seeds.
 */
final class EvalChart {
    private static final int GRID = 80;
    private static final List<Color> COLOURS = List.of(
            new Color(0x1f5fbf),
            new Color(0xd9822b),
            new Color(0x3a9c5f),
            new Color(0x8e5bb5),
            new Color(0x4fb3bf),
            new Color(0x8a8a8a),
            new Color(0xb8a15a));
    private static final BasicStroke SOLID = new BasicStroke(2f);
    private static final BasicStroke DASHED =
            new BasicStroke(1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1f, new float[] {6f, 5f}, 0f);

    private EvalChart() {}

    /**
     * Draws one picture per task that has curves.
     *
     * @throws IOException if a file cannot be written, or if this machine cannot draw (no fonts)
     */
    static List<Path> write(Path folder, List<EvalTask> tasks, Plan plan) throws IOException {
        Files.createDirectories(folder);
        List<Path> files = new ArrayList<>();
        try {
            for (EvalTask task : tasks) {
                if (plan.groups().stream()
                        .anyMatch(group -> group.task().equals(task.name())
                                && !plan.chosen(group).isEmpty())) {
                    Path file = folder.resolve(task.name() + ".png");
                    BitmapEncoder.saveBitmap(chart(task, plan), file.toString(), BitmapFormat.PNG);
                    files.add(file);
                }
            }
        } catch (RuntimeException | InternalError | LinkageError e) {
            throw new IOException("this machine cannot draw: " + e, e);
        }
        return List.copyOf(files);
    }

    private static XYChart chart(EvalTask task, Plan plan) {
        XYChart chart = new XYChartBuilder()
                .width(1_000)
                .height(620)
                .title(task.name() + ": " + task.form())
                .xAxisTitle("examples learned")
                .yAxisTitle("right before learning each, %")
                .build();
        style(chart);
        for (Plan.Group group : plan.groups()) {
            List<List<CellResult.CurveStep>> curves = plan.chosen(group).stream()
                    .map(CellResult::curve)
                    .filter(curve -> !curve.isEmpty())
                    .toList();
            if (!group.task().equals(task.name()) || curves.isEmpty()) {
                continue;
            }
            List<double[]> points = mean(curves, task.training().examples());
            XYSeries series = chart.addSeries(
                    group.contender().id(),
                    points.stream().mapToDouble(point -> point[0]).toArray(),
                    points.stream().mapToDouble(point -> 100 * point[1]).toArray());
            series.setMarker(SeriesMarkers.NONE);
            series.setLineColor(COLOURS.get(group.contender().ordinal() % COLOURS.size()));
            series.setLineStyle(group.contender().withoutSubstrate() ? DASHED : SOLID);
        }
        return chart;
    }

    /**
     * At evenly spaced numbers of examples, the mean of each curve's last value up to there, starting when all of them
     * have one.
     */
    private static List<double[]> mean(List<List<CellResult.CurveStep>> curves, int examples) {
        List<double[]> points = new ArrayList<>();
        for (int i = 1; i <= GRID; i++) {
            long place = (long) examples * i / GRID;
            double sum = 0;
            int begun = 0;
            for (List<CellResult.CurveStep> curve : curves) {
                CellResult.CurveStep at = null;
                for (CellResult.CurveStep step : curve) {
                    at = step.examples() <= place ? step : at;
                }
                if (at != null) {
                    sum += at.accuracy();
                    begun++;
                }
            }
            if (begun == curves.size()) {
                points.add(new double[] {place, sum / begun});
            }
        }
        return points.isEmpty() ? List.of(new double[] {0, 0}) : points;
    }

    private static void style(XYChart chart) {
        chart.getStyler()
                .setLegendPosition(LegendPosition.OutsideE)
                .setChartBackgroundColor(Color.WHITE)
                .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 13))
                .setChartTitleBoxVisible(false)
                .setPlotBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false);
        chart.getStyler()
                .setPlotGridLinesColor(new Color(0xe6e6e6))
                .setXAxisMin(0.0)
                .setXAxisDecimalPattern("#,###");
    }
}
