// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * An observation that {@link ObservationEncoder#admit} or {@link ObservationReader#admit} did not refuse, and that only
 * encoders of the same modality may read. It is checked once and carried as this from then on.
 *
 * @param tokens an upper estimate of the tokens that a pass of the substrate over it reads, at least 1
 */
public record AdmittedObservation(Observation observation, int tokens) {}
