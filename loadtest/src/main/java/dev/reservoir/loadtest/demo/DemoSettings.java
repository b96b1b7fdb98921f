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
 * @param tenant owns the heads
 * @param seed of the heads' random projections and the order of predictions
 * @param rate predictions per second while the heads train, above 0
 * @param stallLimit how long no head may learn anything
 */
record DemoSettings(Server server, Output output, String tenant, long seed, double rate, Duration stallLimit) {
    /**
     * Where the heads live.
     *
     * @param target {@code host:port} of a running server; null starts one
     * @param command starts a server; used if there is no target
     * @param startLimit how long the server may take to start
     * @param keepHeads whether the heads remain on a server that was already running
     */
    record Server(@Nullable String target, List<String> command, Duration startLimit, boolean keepHeads) {}

    /**
     * What is written.
     *
     * @param folder for pictures, figures and the server's log
     * @param json file for the figures
     */
    record Output(Path folder, Path json) {}
}
