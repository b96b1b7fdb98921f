// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearnerState;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import dev.reservoir.heads.codec.StoredSpec;
import dev.reservoir.heads.state.SharedPartReader;
import dev.reservoir.heads.state.StateFormat;
import dev.reservoir.state.v1.Learner;
import dev.reservoir.state.v1.Readout;
import org.jspecify.annotations.Nullable;

/**
 * The state of a readout that belongs to the head that it is to be restored for.
 *
 * @param outputs that the rule had grown to, no more than the head may have
 */
record StoredReadout(Readout readout, int outputs, SharedPartReader parts) {

    /** @throws UnusableState for each problem but OTHER_DIGEST_KEY and MISSING_PART */
    static StoredReadout of(LearnerState state, HeadSpec spec, ObservationEncoder encoder) {
        Learner head = StateFormat.open("head", state.own(), Learner.parser());
        StoredSpec.check(spec, head.getSpec());
        checkSubstrate(head.getSubstrateDigest(), encoder.key());
        Readout readout = head.getReadout();
        UnusableState.check(
                readout.getFeatureWidth() == encoder.featureWidth(),
                "feature_width",
                readout.getFeatureWidth(),
                Integer.toString(encoder.featureWidth()));
        boolean gradient = spec.learning() instanceof LearningSpec.Gradient;
        Readout.RuleCase expected = gradient ? Readout.RuleCase.GRADIENT : Readout.RuleCase.LEAST_SQUARES;
        UnusableState.check(readout.getRuleCase() == expected, "rule", readout.getRuleCase(), expected.name());
        int outputs = gradient
                ? readout.getGradient().getOutputs()
                : readout.getLeastSquares().getOutputs();
        int most = spec.task().maxOutputs();
        UnusableState.check(outputs >= 0 && outputs <= most, "outputs", outputs, "0 to " + most);
        return new StoredReadout(readout, outputs, new SharedPartReader(state.shared()));
    }

    private static void checkSubstrate(String met, @Nullable EncoderKey key) {
        String expected = key == null ? "" : key.substrateDigest();
        if (!met.equals(expected)) {
            throw new UnusableState(
                    Problem.OTHER_SUBSTRATE,
                    "substrate digest " + met + " (expected: " + expected + ", the substrate in use)");
        }
    }
}
