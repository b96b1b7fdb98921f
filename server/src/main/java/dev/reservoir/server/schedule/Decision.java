// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.List;

/** What a free lane should do. */
public sealed interface Decision<S extends Work, T extends OrderedWork> {

    /**
     * Serve these.
     *
     * @param items oldest first within a tenant
     * @param abandoned items that no caller waits for any more, found while the batch was formed; end them without
     *     running them
     */
    record Serve<S extends Work, T extends OrderedWork>(List<S> items, List<S> abandoned) implements Decision<S, T> {}

    /** Train these; their flows run until {@link Scheduler#finishedTraining}. */
    record Train<S extends Work, T extends OrderedWork>(List<Slice<T>> slices) implements Decision<S, T> {}

    /** Do nothing until then, unless something is offered or finished earlier. */
    record Wait<S extends Work, T extends OrderedWork>(long untilNanos) implements Decision<S, T> {}

    /** Consecutive items of one flow. */
    record Slice<T extends OrderedWork>(Object flow, List<T> items) {}
}
