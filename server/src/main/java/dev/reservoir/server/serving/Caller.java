// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.serving;

import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.registry.Subscription;

/** A caller that waits for a prediction: a call of some front end, which runs on one thread at a time. */
public interface Caller {
    /** The caller as the engine sees it. Any thread. */
    Call call(String tenant);

    /** Runs in the caller's turn, unless the caller is gone by then. Any thread. */
    void run(Runnable action);

    /** Runs after some time in the caller's turn, unless it is gone by then. In the caller's turn only. */
    Subscription after(long millis, Runnable action);

    /** Runs once when the caller is gone, immediately if it already is. In the caller's turn only. */
    Subscription whenGone(Runnable action);
}
