// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.metrics;

import com.google.errorprone.annotations.ThreadSafe;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * All metrics of one server by name. Names are those of Prometheus: lower case with underscores, the unit last,
 * {@code _total} at the end of a counter's. A name identifies one metric: registering it again is a defect and fails.
 */
@ThreadSafe
public final class Metrics {
    /** One metric: its description, and its current values. */
    public sealed interface Metric {
        String name();

        String help();
    }

    public record CounterMetric(String name, String help, Counter counter) implements Metric {}

    public record HistogramMetric(String name, String help, Histogram histogram) implements Metric {}

    /** A value that is read on demand, from any thread. */
    public record GaugeMetric(String name, String help, LongSupplier value) implements Metric {}

    @GuardedBy("this")
    @SuppressWarnings("ThreadSafe")
    private final TreeMap<String, Metric> byName = new TreeMap<>();

    public Counter counter(String name, String help) {
        Counter counter = new Counter();
        register(new CounterMetric(name, help, counter));
        return counter;
    }

    public Histogram histogram(String name, String help) {
        Histogram histogram = new Histogram();
        register(new HistogramMetric(name, help, histogram));
        return histogram;
    }

    public void gauge(String name, String help, LongSupplier value) {
        register(new GaugeMetric(name, help, value));
    }

    private synchronized void register(Metric metric) {
        if (!metric.name().matches("[a-z][a-z0-9_]*")) {
            throw new IllegalArgumentException(
                    "name: \"" + metric.name() + "\" (expected: lower case letters, digits and underscores)");
        }
        if (byName.putIfAbsent(metric.name(), metric) != null) {
            throw new IllegalArgumentException("name: " + metric.name() + " (expected: one that is not in use)");
        }
    }

    /** All metrics in the order of their names. */
    public synchronized List<Metric> all() {
        return new ArrayList<>(byName.values());
    }
}
