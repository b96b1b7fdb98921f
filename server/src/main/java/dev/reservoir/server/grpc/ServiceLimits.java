// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.rpc.TransportLimits;

/**
 * Bounds on the resources that clients may occupy in the services.
 *
 * @param transport the bounds of calls, streams and messages, whatever the service
 * @param trainCredits examples of a training stream that may be outstanding: arrived and not yet acknowledged
 * @param streamHeads heads that the outstanding requests of one prediction stream may name together
 * @param creations heads that may be created concurrently
 * @param appliedWaitMillis longest that a prediction waits until a sequence number is applied
 */
public record ServiceLimits(
        TransportLimits transport, int trainCredits, int streamHeads, int creations, long appliedWaitMillis) {
    public static ServiceLimits defaults() {
        return new ServiceLimits(TransportLimits.defaults(), 256, 20_000, 64, 30_000);
    }
}
