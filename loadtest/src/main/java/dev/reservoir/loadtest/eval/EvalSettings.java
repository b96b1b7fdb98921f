// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an evaluation runs.
 *
 * @param tenant prefix of the tenants, one per task, that own the heads
 * @param quick whether the small form of each task is run
 */
record EvalSettings(Server server, Output output, String tenant, boolean quick, Sweep sweep, ServerRun.Limits limits) {
    /**
     * Where the heads live.
     *
     * @param target {@code host:port} of a running server; null starts one for each substrate
     * @param jar the server to start; null if there is a target
     * @param startLimit how long a server may take to start
     */
    record Server(@Nullable String target, @Nullable Path jar, List<String> options, Duration startLimit) {
        Server {
            options = List.copyOf(options);
        }
    }

    /**
     * What is written.
     *
     * @param folder for pictures, figures, the servers' logs and the results of earlier runs
     * @param json file for the figures
     */
    record Output(Path folder, Path json) {}

    /**
     * What is compared.
     *
     * @param contenders in the order of their cells
     * @param rates swept
     * @param seeds the first one is used for the sweep
     */
    record Sweep(List<Contender> contenders, List<Double> rates, List<Long> seeds) {
        Sweep {
            contenders = List.copyOf(contenders);
            rates = List.copyOf(rates);
            seeds = List.copyOf(seeds);
        }
    }
}
