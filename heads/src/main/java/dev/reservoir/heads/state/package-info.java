// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The stored form of learner states: a header with a version and a checksum in front of each message, arrays as bytes,
 * and parts that several learners share. No number in a state is trusted before it is checked, and no memory is
 * allocated by a length that the bytes themselves do not bear out.
 */
@NullMarked
package dev.reservoir.heads.state;

import org.jspecify.annotations.NullMarked;
