// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.demo;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a demo.
 *
 * @param target {@code host:port} of a running server; null starts one
 * @param serverCommand starts a server; used if there is no target
 * @param tenant owns the heads
 * @param out folder for pictures, figures and the server's log
 * @param json file for the figures
 * @param seed of the heads' random projections and the order of predictions
 * @param rate predictions per second while the heads train, above 0
 * @param startLimit how long the server may take to start
 * @param stallLimit how long no head may learn anything
 * @param keepHeads whether the heads remain on a server that was already running
 */
record DemoSettings(
        @Nullable String target,
        List<String> serverCommand,
        String tenant,
        Path out,
        Path json,
        long seed,
        double rate,
        Duration startLimit,
        Duration stallLimit,
        boolean keepHeads) {}
