// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** What the commands that use a server share: how wrong usage and a failed run end, and which server to start. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.run;
