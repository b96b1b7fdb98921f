// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.util.List;

/**
 * What was found when a store was opened.
 *
 * @param records sound ones in the log
 * @param bytes of all records ever written
 * @param tornEnd whether the last commit had not ended; it was never reported durable, and is not in the log
 * @param damage what was durable and cannot be read
 * @param repairs what was damaged and could be put right, as lines
 */
public record OpenReport(long records, long bytes, boolean tornEnd, List<Damage> damage, List<String> repairs) {
    public OpenReport {
        damage = List.copyOf(damage);
        repairs = List.copyOf(repairs);
    }
}
