// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** What every kind of head shares about its task: checked targets, losses, prequential metrics, answers. */
@NullMarked
package dev.reservoir.heads.task;

import org.jspecify.annotations.NullMarked;
