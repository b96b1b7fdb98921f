// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.v1.Metrics;
import dev.reservoir.v1.Score;

/** Prequential metrics, to the wire. */
public final class MetricsCodec {
    private MetricsCodec() {}

    public static Metrics encode(HeadMetrics metrics) {
        return Metrics.newBuilder()
                .setExamples(metrics.examples())
                .setUpdates(metrics.updates())
                .setRefused(metrics.refused())
                .setWindowed(score(metrics.windowed()))
                .setTotal(score(metrics.total()))
                .build();
    }

    private static Score score(HeadMetrics.Score score) {
        return Score.newBuilder()
                .setCount(score.count())
                .setAccuracy(score.accuracy())
                .setMeanAbsoluteError(score.meanAbsoluteError())
                .setRootMeanSquaredError(score.rootMeanSquaredError())
                .setLoss(score.loss())
                .build();
    }
}
