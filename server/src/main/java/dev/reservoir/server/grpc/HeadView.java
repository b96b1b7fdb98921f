// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.Timestamp;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.codec.HeadCodec;
import dev.reservoir.heads.codec.MetricsCodec;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.v1.Head;

/** A live head as clients see it. */
final class HeadView {
    private final SubstrateInfo substrate;

    HeadView(SubstrateInfo substrate) {
        this.substrate = substrate;
    }

    SubstrateInfo substrate() {
        return substrate;
    }

    Head of(LiveHead head) {
        return of(head, head.published());
    }

    Head of(LiveHead head, HeadVersion published) {
        Head.Builder view = HeadCodec.encode(published.spec())
                .setSubstrate(substrate.name())
                .setSubstrateDigest(substrate.digest())
                .setState(Head.State.ACTIVE)
                .addAllLabels(published.snapshot().labels())
                .setVersion(published.version())
                .setCompanionServes(published.snapshot().isFrozenBaseline())
                .setAppliedThrough(published.appliedThrough())
                .setTrainableParameters(published.trainableParameters())
                .setFeatureWidth(featureWidth(published.snapshot()))
                .setResidentBytes(published.residentBytes())
                .setCreateTime(Timestamp.newBuilder()
                        .setSeconds(head.createTime().getEpochSecond())
                        .setNanos(head.createTime().getNano()));
        String failure = published.failure();
        if (failure != null) {
            view.setState(Head.State.FAILED).setStateReason(failure);
        }
        if (published.metrics().examples() > 0 || published.metrics().refused() > 0) {
            view.setMetrics(MetricsCodec.encode(published.metrics()));
        }
        return view.build();
    }

    /** Width of the features that the readout reads, or that of the frozen baseline if there is one. */
    private static int featureWidth(HeadSnapshot snapshot) {
        ObservationEncoder frozen = snapshot.exampleEncoder();
        return (frozen == null ? snapshot.encoder() : frozen).featureWidth();
    }
}
