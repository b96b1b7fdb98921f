// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** The gRPC runtime over real sockets. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.server.rpc;
