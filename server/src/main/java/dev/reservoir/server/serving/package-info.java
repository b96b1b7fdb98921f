// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** Answers observations for any front end: requests and answers are records, not wire types. */
@NullMarked
package dev.reservoir.server.serving;

import org.jspecify.annotations.NullMarked;
