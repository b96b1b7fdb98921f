// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Every service over a real socket, against the real engine on a tiny substrate. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.server.grpc;
