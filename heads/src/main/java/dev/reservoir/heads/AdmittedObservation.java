// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * An observation that passed {@link ObservationEncoder#admit} or {@link ObservationReader#admit}. It is checked once
 * and passed on as this type; only encoders of the same modality may read it.
 *
 * @param tokens an upper estimate of the tokens that a pass of the substrate over it reads, at least 1
 */
public record AdmittedObservation(Observation observation, int tokens) {}
