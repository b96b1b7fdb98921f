// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Learning curves as PNG: a head, its control, its answers while it learned, its baseline and its held-out score, over
 * the number of examples learned.
 */
public final class CurveChart {
    private static final Color HEAD = new Color(0x1f5fbf);
    private static final Color CONTROL = new Color(0xd9822b);
    private static final Color SERVED = new Color(0x3a9c5f);
    private static final Color BASELINE = new Color(0x8a8a8a);
    private static final BasicStroke THICK = new BasicStroke(2.4f);
    private static final BasicStroke DASHED =
            new BasicStroke(1.6f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1f, new float[] {7f, 5f}, 0f);
    private static final int WIDTH = 620;
    private static final int HEIGHT = 400;
    private static final String SANS = Font.SANS_SERIF;

    private CurveChart() {}

    /**
     * Draws one picture per head and {@code overview.png} with all of them.
     *
     * @return the files, the overview first
     * @throws IOException if a file cannot be written, or if this machine cannot draw (no fonts)
     */
    public static List<Path> write(Path folder, List<HeadResult> heads) throws IOException {
        Files.createDirectories(folder);
        try {
            List<Path> files = new ArrayList<>();
            Path overview = folder.resolve("overview.png");
            ImageIO.write(overview(heads), "png", overview.toFile());
            files.add(overview);
            for (HeadResult head : heads) {
                Path file = folder.resolve(head.name() + ".png");
                BitmapEncoder.saveBitmap(chart(head, 1000, 620), file.toString(), BitmapFormat.PNG);
                files.add(file);
            }
            return List.copyOf(files);
        } catch (RuntimeException | InternalError | LinkageError e) {
            throw new IOException("this machine cannot draw: " + e, e);
        }
    }

    /** All heads in a grid; the last row may be incomplete. */
    private static BufferedImage overview(List<HeadResult> heads) {
        int columns = Math.min(heads.size(), heads.size() <= 4 ? 2 : 3);
        int rows = (heads.size() + columns - 1) / columns;
        BufferedImage grid = new BufferedImage(columns * WIDTH, rows * HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = grid.createGraphics();
        try {
            pen.setColor(Color.WHITE);
            pen.fillRect(0, 0, grid.getWidth(), grid.getHeight());
            for (int i = 0; i < heads.size(); i++) {
                BufferedImage cell = BitmapEncoder.getBufferedImage(chart(heads.get(i), WIDTH, HEIGHT));
                pen.drawImage(cell, i % columns * WIDTH, i / columns * HEIGHT, null);
            }
        } finally {
            pen.dispose();
        }
        return grid;
    }

    private static XYChart chart(HeadResult head, int width, int height) {
        double unit = head.isAccuracy() ? 100 : 1;
        XYChart chart = new XYChartBuilder()
                .width(width)
                .height(height)
                .title(head.title())
                .xAxisTitle("examples learned")
                .yAxisTitle(head.isAccuracy() ? "right, %" : "mean absolute error")
                .build();
        style(chart, head.isAccuracy(), width);
        line(chart, "head, before learning each", head.curve(), unit, HEAD, THICK, SeriesMarkers.NONE);
        line(chart, "no substrate, same learner", head.controlCurve(), unit, CONTROL, THICK, SeriesMarkers.NONE);
        line(
                chart,
                "answered while learning",
                head.servedCurve(),
                unit,
                SERVED,
                new BasicStroke(1.2f),
                SeriesMarkers.CIRCLE);
        line(
                chart,
                head.baselineName(),
                List.of(new CurvePoint(0, head.baseline()), new CurvePoint(head.examples(), head.baseline())),
                unit,
                BASELINE,
                DASHED,
                SeriesMarkers.NONE);
        String heldOut = Figures.score(head.metric(), head.score());
        String controlHeldOut = Figures.score(head.metric(), head.control());
        line(
                chart,
                "held-out: " + heldOut,
                List.of(new CurvePoint(head.examples(), head.score())),
                unit,
                HEAD,
                THICK,
                SeriesMarkers.DIAMOND);
        line(
                chart,
                "held-out, no substrate: " + controlHeldOut,
                List.of(new CurvePoint(head.examples(), head.control())),
                unit,
                CONTROL,
                THICK,
                SeriesMarkers.DIAMOND);
        return chart;
    }

    private static void line(
            XYChart chart,
            String name,
            List<CurvePoint> points,
            double unit,
            Color colour,
            BasicStroke stroke,
            Marker marker) {
        if (points.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(
                name,
                points.stream().mapToDouble(CurvePoint::examples).toArray(),
                points.stream().mapToDouble(point -> unit * point.score()).toArray());
        series.setLineColor(colour);
        series.setLineStyle(stroke);
        series.setMarker(marker);
        series.setMarkerColor(colour);
    }

    private static void style(XYChart chart, boolean percent, int width) {
        chart.getStyler()
                .setLegendPosition(percent ? LegendPosition.InsideSE : LegendPosition.InsideNE)
                .setLegendFont(new Font(SANS, Font.PLAIN, 11))
                .setLegendBackgroundColor(new Color(255, 255, 255, 205))
                .setLegendBorderColor(new Color(0xdddddd))
                .setLegendPadding(4)
                .setChartBackgroundColor(Color.WHITE)
                .setChartTitleFont(new Font(SANS, Font.BOLD, width > WIDTH ? 14 : 11))
                .setChartTitleBoxVisible(false)
                .setPlotBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setMarkerSize(6);
        chart.getStyler()
                .setAxisTitleFont(new Font(SANS, Font.PLAIN, 12))
                .setAxisTickLabelsFont(new Font(SANS, Font.PLAIN, 11))
                .setPlotGridLinesColor(new Color(0xe6e6e6))
                .setXAxisTickMarkSpacingHint(100)
                .setXAxisMin(0.0)
                .setXAxisDecimalPattern("#,###");
    }
}
