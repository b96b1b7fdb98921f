// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import dev.reservoir.loadtest.client.LoadReport;
import dev.reservoir.v1.Substrate;
import java.util.List;

/** All figures of a demo run; its JSON form has the same names. */
public record DemoReport(
        List<HeadResult> heads,
        Serving serving,
        Memory memory,
        SubstrateFacts substrate,
        Machine machine,
        double trainingSeconds) {

    public DemoReport {
        heads = List.copyOf(heads);
    }

    /** Heads that do not score better than a rule that ignores the observation. */
    public List<HeadResult> failed() {
        return heads.stream().filter(head -> !head.beatsBaseline()).toList();
    }

    /**
     * Predictions while the heads trained, sent at a fixed rate and timed from the time each was meant to be sent.
     *
     * @param targetRate per second
     * @param achievedRate answered per second
     * @param repeats predictions of an observation that this run had sent before (the server may have cached its
     *     features)
     * @param firstError message of the first failure; empty if there was none
     */
    public record Serving(
            double p50Millis,
            double p99Millis,
            double maxMillis,
            double targetRate,
            double achievedRate,
            long predictions,
            long repeats,
            long errors,
            String firstError) {

        /** @param repeats predictions of an observation that this run had sent before */
        public static Serving of(LoadReport load, long repeats) {
            return new Serving(
                    load.latency().p50Millis(),
                    load.latency().p99Millis(),
                    load.latency().maxMillis(),
                    load.targetRate(),
                    load.achievedRate(),
                    load.answered(),
                    repeats,
                    load.errors(),
                    load.firstError());
        }
    }

    /**
     * Memory of the server, compared with one model per head.
     *
     * @param processResidentBytes of the server, with all heads, after training
     * @param idleResidentBytes of the server before this run's heads: one process with one model
     * @param weightBytes of the one substrate
     * @param modelEachBytes {@code idleResidentBytes} x heads: a server process with its own model for each head
     * @param modelEachWeightsBytes {@code weightBytes} x heads: a lower bound for one model per head, weights alone
     * @param ratio {@code modelEachBytes / processResidentBytes}
     */
    public record Memory(
            long processResidentBytes,
            long idleResidentBytes,
            long weightBytes,
            long modelEachBytes,
            long modelEachWeightsBytes,
            double ratio) {

        public static Memory of(long processResidentBytes, long idleResidentBytes, long weightBytes, int heads) {
            return new Memory(
                    processResidentBytes,
                    idleResidentBytes,
                    weightBytes,
                    idleResidentBytes * heads,
                    weightBytes * heads,
                    processResidentBytes == 0 ? 0 : (double) idleResidentBytes * heads / processResidentBytes);
        }
    }

    /** The frozen model that all heads share, as the server describes it. */
    public record SubstrateFacts(
            String name,
            String digest,
            String family,
            long parameters,
            String precision,
            String precisionReason,
            String device,
            int lanes,
            boolean coBatchingIdentical,
            String coBatchingCheck,
            String serverVersion) {

        public static SubstrateFacts of(Substrate substrate) {
            return new SubstrateFacts(
                    substrate.getName(),
                    substrate.getDigest(),
                    substrate.getFamily(),
                    substrate.getParameters(),
                    substrate.getPrecision(),
                    substrate.getPrecisionReason(),
                    substrate.getDevice(),
                    substrate.getLanes(),
                    substrate.getCoBatchingIdentical(),
                    substrate.getCoBatchingCheck(),
                    substrate.getServerVersion());
        }
    }
}
