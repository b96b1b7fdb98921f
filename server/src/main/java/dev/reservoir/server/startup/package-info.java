// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Checks the preconditions of a command: addresses, the machine, a directory for the native libraries. A violation that
 * the user can fix is reported as a {@link dev.reservoir.server.startup.StartFailure} with a message of one line.
 */
@NullMarked
package dev.reservoir.server.startup;

import org.jspecify.annotations.NullMarked;
