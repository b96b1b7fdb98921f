// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import dev.reservoir.v1.Opened;
import dev.reservoir.v1.Progress;

/** Receives a training stream's replies, one at a time, on the stream's own thread; must not block. */
public interface TrainingListener {
    default void opened(Opened opened) {}

    void progress(Progress progress);
}
