// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import dev.reservoir.v1.Example;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Examples by sequence number, so that a writer can resume where an earlier one stopped. */
@FunctionalInterface
public interface ExampleSource {
    /**
     * The example with this number, or null when there are no more.
     *
     * @param sequence 1 for a head's first example
     */
    @Nullable
    Example at(long sequence);

    /** A head's whole history from its first example; the list's own sequence numbers are replaced. */
    static ExampleSource of(List<Example> examples) {
        return sequence -> sequence > examples.size()
                ? null
                : examples.get(Math.toIntExact(sequence - 1)).toBuilder()
                        .setSequence(sequence)
                        .build();
    }
}
