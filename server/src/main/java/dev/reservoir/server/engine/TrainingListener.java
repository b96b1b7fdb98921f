// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadVersion;
import java.util.List;

/** Is notified of the outcome of a stream's examples, on lane threads, in order. Must be quick. */
public interface TrainingListener {

    /** An example that was refused, by its sequence number. */
    record Refusal(long sequence, Refused why) {}

    /**
     * Examples were handled, and the resulting state of the head is published.
     *
     * @param handled how many of this listener's examples
     * @param refusals of these, and of examples handled before as accepted that waited for their minibatch, perhaps
     *     another listener's
     */
    void handled(int handled, List<Refusal> refusals, HeadVersion published);

    /** The head was deleted; nothing more will follow. May be called more than once. */
    void deleted();

    /** The server is stopping; unhandled examples will not be learned. May be called more than once. */
    void stopped();
}
