// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Observations to features: one class a modality; the border where every observation is checked. */
@NullMarked
package dev.reservoir.heads.modality;

import org.jspecify.annotations.NullMarked;
