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
 * @param target {@code host:port} of a running server; null starts one for each substrate
 * @param serverJar the server to start; null if there is a target
 * @param tenant prefix of the tenants, one per task, that own the heads
 * @param out folder for pictures, figures, the servers' logs and the results of earlier runs
 * @param json file for the figures
 * @param contenders in the order of their cells
 * @param rates swept
 * @param seeds the first one is used for the sweep
 * @param together largest number of heads that learn at the same time
 * @param startLimit how long a server may take to start
 * @param stallLimit how long nothing may make progress
 */
record EvalSettings(
        @Nullable String target,
        @Nullable Path serverJar,
        List<String> serverOptions,
        String tenant,
        Path out,
        Path json,
        boolean quick,
        List<Contender> contenders,
        List<Double> rates,
        List<Long> seeds,
        int together,
        Duration startLimit,
        Duration stallLimit) {

    EvalSettings {
        serverOptions = List.copyOf(serverOptions);
        contenders = List.copyOf(contenders);
        rates = List.copyOf(rates);
        seeds = List.copyOf(seeds);
    }
}
