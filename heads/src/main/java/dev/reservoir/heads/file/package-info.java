// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Heads as files in the safetensors format. */
@NullMarked
package dev.reservoir.heads.file;

import org.jspecify.annotations.NullMarked;
