// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

/** Says whether the server does its work, so that {@code grpc.health.v1} tells the truth. Quick, and on any thread. */
@FunctionalInterface
public interface HealthSource {
    boolean serving();
}
