// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.serving;

import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.registry.Subscription;

/** Who waits for a prediction: a call of some front end, with one thread of its own at a time. */
public interface Caller {
    /** What the engine is told of it. Any thread. */
    Call call(String tenant);

    /** Runs in the caller's turn, unless the caller is gone by then. Any thread. */
    void run(Runnable action);

    /** Runs after some time in the caller's turn, unless it is gone by then. In the caller's turn only. */
    Subscription after(long millis, Runnable action);

    /** Runs once when the caller is gone, at once if it is. In the caller's turn only. */
    Subscription whenGone(Runnable action);
}
