// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;

final class FakeContractTest extends Contract {
    private FakeReservoir fake;

    @Override
    String target() throws IOException {
        fake = new FakeReservoir();
        return fake.target();
    }

    @AfterAll
    void stop() {
        fake.close();
    }
}
