// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Creates results for tests. */
final class Results {
    static final String FORM = "a form";
    static final String DIGEST = "d1";

    private Results() {}

    static CellResult of(CellKey key, @Nullable Double validation, @Nullable Double test) {
        return trained(key, FORM)
                .validation(validation)
                .test(test)
                .failure(validation == null ? "a weight is not finite" : "")
                .build();
    }

    /** A head that was trained on the pretrained substrate and is still to be scored. */
    static CellResult.Builder trained(CellKey key, String fingerprint) {
        return CellResult.builder(key, fingerprint)
                .substrate("minilm", DIGEST)
                .parameters(100)
                .learned(64, 4)
                .training(1.5, 16)
                .curve(List.of(new CellResult.CurveStep(64, 4, 1.5, 0.5)), null);
    }
}
