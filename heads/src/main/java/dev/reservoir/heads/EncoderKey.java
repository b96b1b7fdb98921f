// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import dev.reservoir.heads.EncoderSpec.Pooling;

/**
 * Identity of the features that a frozen encoder produces: encoders with equal keys produce equal features for equal
 * observations, bit for bit, in every process.
 *
 * @param substrateDigest see {@link SubstrateInfo#digest}
 * @param pooledWidth width of the pooled hidden states in a row of features; 0 for none
 * @param rawWidth width of the raw input in a row of features; 0 for none
 */
public record EncoderKey(
        String substrateDigest, ModalitySpec modality, Pooling pooling, int pooledWidth, int rawWidth) {}
