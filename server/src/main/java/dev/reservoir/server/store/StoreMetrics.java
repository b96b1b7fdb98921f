// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.metrics.Counter;
import dev.reservoir.server.metrics.Histogram;
import dev.reservoir.server.metrics.Metrics;

/** What the store counts. */
record StoreMetrics(
        Counter records,
        Counter frames,
        Counter bytes,
        Histogram commitNanos,
        Histogram copyNanos,
        Trouble trouble,
        Checkpointing checkpoints) {

    /** What went wrong. */
    record Trouble(Counter full, Counter reopened, Counter damagedRecords) {}

    /** What happened to checkpoints. */
    record Checkpointing(Counter written, Counter bytes, Counter damaged) {}

    static StoreMetrics register(Metrics metrics) {
        return new StoreMetrics(
                metrics.counter("reservoir_log_records_total", "Records that became durable."),
                metrics.counter("reservoir_log_frames_total", "Commits of the log."),
                metrics.counter("reservoir_log_bytes_total", "Bytes of the records that became durable."),
                metrics.histogram("reservoir_log_commit_nanoseconds", "Time of a commit of the log, with its sync."),
                metrics.histogram(
                        "reservoir_store_copy_nanoseconds",
                        "Time in which the write-ahead log was copied into the database, with the sync."),
                new Trouble(
                        metrics.counter("reservoir_store_full_total", "Commits of the log that found the disk full."),
                        metrics.counter(
                                "reservoir_store_reopened_total",
                                "Times the database was opened anew after a failure."),
                        metrics.counter(
                                "reservoir_log_damaged_records_total", "Durable records that were found damaged.")),
                new Checkpointing(
                        metrics.counter("reservoir_checkpoints_written_total", "Checkpoints that became durable."),
                        metrics.counter(
                                "reservoir_checkpoint_bytes_total", "Bytes written by checkpoints and clean-up."),
                        metrics.counter(
                                "reservoir_checkpoints_damaged_total",
                                "Times a checkpoint or a shared part was found damaged and skipped.")));
    }
}
