// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** The right to use an encoder until this is closed; closing it again does nothing. Thread-safe. */
public interface EncoderLease extends AutoCloseable {
    /** The lease of an encoder that belongs to whoever calls this. */
    static EncoderLease unshared(ObservationEncoder encoder) {
        return new EncoderLease() {
            @Override
            public ObservationEncoder encoder() {
                return encoder;
            }

            @Override
            public EncoderLease another() {
                return this;
            }

            @Override
            public void close() {}
        };
    }

    ObservationEncoder encoder();

    /** One more lease of the same encoder; this one must be open. */
    EncoderLease another();

    @Override
    void close();
}
