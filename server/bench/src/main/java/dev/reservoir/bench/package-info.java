// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Measurements inside one process of what no client can see. The program reads one request per line, so that the caller
 * can alternate them with measurements of peers. No part of the product.
 */
@NullMarked
package dev.reservoir.bench;

import org.jspecify.annotations.NullMarked;
