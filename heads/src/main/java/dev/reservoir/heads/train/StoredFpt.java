// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearnerState.SharedPart;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import dev.reservoir.heads.codec.StoredSpec;
import dev.reservoir.heads.state.SharedPartReader;
import dev.reservoir.heads.state.StateFormat;
import dev.reservoir.state.v1.Fpt;
import dev.reservoir.state.v1.Learner;
import java.util.List;

/** The state of an FPT head that belongs to the head that it is to be restored for. */
record StoredFpt(Fpt fpt, List<SharedPart> shared) {

    /** @throws UnusableState DAMAGED, UNKNOWN_VERSION, OTHER_SPECIFICATION or OTHER_SUBSTRATE */
    static StoredFpt of(LearnerState state, HeadSpec spec, FptModel model) {
        Learner head = StateFormat.open("head", state.own(), Learner.parser());
        StoredSpec.check(spec, head.getSpec());
        String digest = model.substrate().info().digest();
        if (!head.getSubstrateDigest().equals(digest)) {
            throw new UnusableState(
                    Problem.OTHER_SUBSTRATE,
                    "substrate digest " + head.getSubstrateDigest() + " (expected: " + digest
                            + ", the substrate in use)");
        }
        Fpt fpt = head.getFpt();
        int width = model.pooling().featureWidth();
        UnusableState.check(
                fpt.getFeatureWidth() == width, "feature_width", fpt.getFeatureWidth(), Integer.toString(width));
        boolean companion = ((LearningSpec.Fpt) spec.learning()).companion() != null;
        UnusableState.check(
                fpt.hasBaseline() == companion,
                "baseline",
                fpt.hasBaseline() ? "one" : "none",
                companion ? "one" : "none");
        return new StoredFpt(fpt, state.shared());
    }

    /** The state of the readout of its frozen baseline. */
    LearnerState baseline() {
        return new LearnerState(fpt.getBaseline().getReadout().toByteArray(), shared);
    }

    SharedPartReader parts() {
        return new SharedPartReader(shared);
    }
}
