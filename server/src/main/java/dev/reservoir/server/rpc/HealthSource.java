// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

/** Reports whether the server is working, for {@code grpc.health.v1}. Must be quick; called on any thread. */
@FunctionalInterface
public interface HealthSource {
    boolean serving();
}
