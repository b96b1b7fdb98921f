// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

@org.jspecify.annotations.NullMarked
package dev.reservoir.heads.codec;
