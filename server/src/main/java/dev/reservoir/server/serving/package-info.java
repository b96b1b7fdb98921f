// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/** What answering an observation is, whatever front end asked: requests and answers are records, no wire types. */
@NullMarked
package dev.reservoir.server.serving;

import org.jspecify.annotations.NullMarked;
