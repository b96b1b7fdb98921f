// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** The services of the wire contract on Vert.x, and the one mapper from reasons to status codes. */
@NullMarked
package dev.reservoir.server.grpc;

import org.jspecify.annotations.NullMarked;
