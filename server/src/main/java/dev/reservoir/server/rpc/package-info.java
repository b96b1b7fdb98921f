// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The gRPC runtime on Vert.x: calls, flow control, deadlines, errors, reflection and health. It does not depend on any
 * service.
 */
@NullMarked
package dev.reservoir.server.rpc;

import org.jspecify.annotations.NullMarked;
