// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Arithmetic that learning rules share: loops over floats in a fixed order, losses and their gradients, Adam. */
@NullMarked
package dev.reservoir.heads.math;

import org.jspecify.annotations.NullMarked;
