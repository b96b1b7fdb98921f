// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.ModalitySpec;

/** Leases the encoder of a modality. May take long if it is not in use yet. Any thread. */
public interface EncoderSource {
    /** @throws dev.reservoir.heads.Refused INVALID_FIELD if it does not fit the substrate; MEMORY_LIMIT */
    EncoderLease lease(ModalitySpec modality, EncoderSpec encoder);
}
