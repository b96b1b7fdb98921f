// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * What must hold before a command can begin: addresses, the machine, a place for the native libraries. What does not
 * hold, and can be mended by whoever runs the command, is a {@link dev.reservoir.server.startup.StartFailure} of one
 * line.
 */
@NullMarked
package dev.reservoir.server.startup;

import org.jspecify.annotations.NullMarked;
