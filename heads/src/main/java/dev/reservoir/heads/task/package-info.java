// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** What all kinds of heads share about their tasks: checked targets, prequential metrics, answers. */
@NullMarked
package dev.reservoir.heads.task;

import org.jspecify.annotations.NullMarked;
