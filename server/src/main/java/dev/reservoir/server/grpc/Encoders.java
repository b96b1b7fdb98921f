// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;

/** Returns the encoder of a modality, the same one for equal arguments. May take long the first time. Any thread. */
public interface Encoders {
    /** @throws dev.reservoir.heads.Refused INVALID_FIELD if it does not fit the substrate */
    ObservationEncoder encoder(ModalitySpec modality, EncoderSpec encoder);
}
