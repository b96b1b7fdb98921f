// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** Memory that heads and encoders draw on: bytes are reserved before they are allocated. Thread-safe. */
public interface MemoryAccount {
    /** An account without a limit. */
    MemoryAccount UNLIMITED = bytes -> new Grant() {
        @Override
        public void resize(long total) {}

        @Override
        public void close() {}
    };

    /**
     * Reserves bytes until the grant is closed.
     *
     * @param bytes at least 0
     * @throws Refused MEMORY_LIMIT if fewer bytes are left; then nothing has changed
     */
    Grant reserve(long bytes);

    /** Bytes that are reserved until this is closed. Closing it again does nothing. Thread-safe. */
    interface Grant extends AutoCloseable {
        /**
         * Changes the reserved bytes.
         *
         * @param total the bytes reserved from now on, at least 0
         * @throws Refused MEMORY_LIMIT if it is more than now and fewer bytes are left; then nothing has changed
         */
        void resize(long total);

        @Override
        void close();
    }
}
