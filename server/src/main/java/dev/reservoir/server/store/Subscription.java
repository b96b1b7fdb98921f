// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

/** A registered listener. */
@FunctionalInterface
public interface Subscription extends AutoCloseable {
    /** The listener is not called any more, except by a call that has begun. May be called again. */
    @Override
    void close();
}
