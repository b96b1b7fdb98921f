// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Opens frozen substrates by name, and chooses their device and number type. A package below this one runs TorchScript
 * programs, and one package for each family has its weights, shape and program.
 */
@NullMarked
package dev.reservoir.server.substrate;

import org.jspecify.annotations.NullMarked;
