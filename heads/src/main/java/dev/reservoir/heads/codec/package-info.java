// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The wire contract to and from the types of this module; the only package of this module that depends on Protocol
 * Buffers.
 */
@NullMarked
package dev.reservoir.heads.codec;

import org.jspecify.annotations.NullMarked;
