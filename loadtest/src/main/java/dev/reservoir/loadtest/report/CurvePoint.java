// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

/**
 * A score after a number of examples.
 *
 * @param examples learned so far
 * @param score in the unit of its metric
 */
public record CurvePoint(long examples, double score) {}
