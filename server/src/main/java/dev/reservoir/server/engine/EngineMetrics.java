// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.server.metrics.Counter;
import dev.reservoir.server.metrics.Histogram;
import dev.reservoir.server.metrics.Metrics;

/** The metrics of the lanes. Thread-safe. */
final class EngineMetrics {
    final Counter observations;
    final Counter abandoned;
    final Counter trainingTasks;
    final Counter laneFailures;
    final Histogram queueNanos;
    final Histogram servingNanos;
    final Histogram trainingNanos;

    EngineMetrics(Metrics metrics) {
        observations = metrics.counter("reservoir_served_observations_total", "Observations read for predictions.");
        abandoned = metrics.counter(
                "reservoir_abandoned_observations_total",
                "Observations dropped because nobody waited for them any more.");
        trainingTasks = metrics.counter(
                "reservoir_training_tasks_total", "Examples, refusals and changes that heads have worked off.");
        laneFailures = metrics.counter("reservoir_lane_failures_total", "Times a lane's work failed as a whole.");
        queueNanos = metrics.histogram(
                "reservoir_serving_queue_nanoseconds", "Time from an observation's arrival until a lane takes it.");
        servingNanos =
                metrics.histogram("reservoir_serving_batch_nanoseconds", "Time that a lane takes for a serving batch.");
        trainingNanos = metrics.histogram(
                "reservoir_training_batch_nanoseconds",
                "Time that a lane takes for a training batch, without what it served meanwhile.");
    }

    /** Batches of both kinds that have run. */
    long batches() {
        return servingNanos.count() + trainingNanos.count();
    }
}
