// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

/** Nothing can be stored at present. Has no stack trace. */
public final class StorageUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient StorageState state;

    StorageUnavailable(StorageState state) {
        super(state.reason(), null, false, false);
        this.state = state;
    }

    /** Why: {@code FULL}, where a later attempt may succeed, or {@code FAILED}. */
    public StorageState state() {
        return state;
    }
}
