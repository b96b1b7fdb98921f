// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;

/** One kind of request. */
interface Measurement {
    /**
     * Measures once and answers.
     *
     * @throws IllegalArgumentException if the request is wrong; the message says what was expected
     */
    JsonObject measure(Request request);
}
