// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.reservoir.server.substrate.Processor;
import dev.reservoir.server.substrate.torch.Products;
import org.junit.jupiter.api.BeforeAll;

/** In bf16, on processors that compute in it: reference code would take minutes. */
final class CoBatchingBf16Test extends CoBatchingCases {
    CoBatchingBf16Test() {
        super(Products.PLAIN_BF16);
    }

    @BeforeAll
    @Override
    void load() {
        assumeThat(Processor.read().bf16())
                .as("this processor has neither avx512_bf16 nor amx_bf16")
                .isTrue();
        super.load();
    }
}
