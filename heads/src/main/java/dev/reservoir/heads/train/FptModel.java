// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.math.Loss;

/**
 * What is fixed for the whole life of an FPT head: its reader, its substrate and its loss.
 *
 * @param task as the head was created; labels may be added later
 */
record FptModel(ObservationReader reader, TunableSubstrate substrate, TokenPooling pooling, Task task, Loss loss) {
    static FptModel of(HeadSpec spec, ObservationReader reader, TunableSubstrate substrate) {
        TokenPooling pooling = TokenPooling.of(spec, substrate.info());
        return new FptModel(reader, substrate, pooling, spec.task(), Loss.of(spec.task()));
    }
}
