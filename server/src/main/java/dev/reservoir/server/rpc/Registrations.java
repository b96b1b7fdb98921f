// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import dev.reservoir.server.rpc.ServerCall.Registration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Actions that wait for one event, each until it is cancelled. Not thread-safe. */
final class Registrations {
    private final Set<Registered> waiting = new LinkedHashSet<>();

    /** Adds an action; it may be added twice, and then runs twice. */
    Registration add(Runnable action) {
        Registered registered = new Registered(action);
        waiting.add(registered);
        return () -> waiting.remove(registered);
    }

    /** Removes the actions, in the order in which they were added. */
    List<Runnable> removeAll() {
        List<Runnable> actions =
                waiting.stream().map(registered -> registered.action).toList();
        waiting.clear();
        return actions;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Identified by itself, not by its action. */
    private static final class Registered {
        private final Runnable action;

        Registered(Runnable action) {
            this.action = action;
        }
    }
}
