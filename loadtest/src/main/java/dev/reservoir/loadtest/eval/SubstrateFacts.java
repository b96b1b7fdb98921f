// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Substrate;

/** A frozen model used by the heads, as the server describes it. */
record SubstrateFacts(
        String name,
        String digest,
        String family,
        int positions,
        long parameters,
        String precision,
        String device,
        int lanes,
        String serverVersion) {

    static SubstrateFacts of(Substrate substrate) {
        return new SubstrateFacts(
                substrate.getName(),
                substrate.getDigest(),
                substrate.getFamily(),
                substrate.getPositions(),
                substrate.getParameters(),
                substrate.getPrecision(),
                substrate.getDevice(),
                substrate.getLanes(),
                substrate.getServerVersion());
    }
}
