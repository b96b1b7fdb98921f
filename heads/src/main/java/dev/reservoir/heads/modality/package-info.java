// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Observations to features: one class per modality. Every observation is checked here before anything else reads it.
 */
@NullMarked
package dev.reservoir.heads.modality;

import org.jspecify.annotations.NullMarked;
