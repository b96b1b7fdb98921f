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
        return of(key, FORM, "minilm", DIGEST, validation, test);
    }

    static CellResult of(
            CellKey key,
            String fingerprint,
            String substrate,
            String digest,
            @Nullable Double validation,
            @Nullable Double test) {
        return new CellResult(
                key,
                fingerprint,
                substrate,
                digest,
                100,
                64,
                4,
                0,
                1.5,
                16,
                validation,
                test,
                null,
                null,
                validation == null ? "a weight is not finite" : "",
                List.of(new CellResult.CurveStep(64, 4, 1.5, 0.5)));
    }
}
