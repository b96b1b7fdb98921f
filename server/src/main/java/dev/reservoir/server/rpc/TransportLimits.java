// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

/**
 * Bounds on the resources that clients may occupy in the transport, whatever the service.
 *
 * @param messageBytes largest message, decompressed
 * @param metadataBytes largest size of a request's headers: names, values and 32 bytes for each
 * @param connectionStreams most concurrent calls on one connection
 * @param streamRequests requests of a stream that may be outstanding: arrived and their reply not yet written
 * @param streamBytes payload bytes that one stream may have outstanding; the message that exceeds the bound is still
 *     accepted
 * @param pingMillis interval between two pings of a connection, which is closed once nothing has arrived for three
 *     intervals
 */
public record TransportLimits(
        int messageBytes,
        int metadataBytes,
        int connectionStreams,
        int streamRequests,
        long streamBytes,
        int pingMillis) {
    public TransportLimits {
        check(messageBytes >= 1, "messageBytes", messageBytes);
        check(metadataBytes >= 1, "metadataBytes", metadataBytes);
        check(connectionStreams >= 1, "connectionStreams", connectionStreams);
        check(streamRequests >= 1, "streamRequests", streamRequests);
        check(streamBytes >= 1, "streamBytes", streamBytes);
        check(pingMillis >= 1, "pingMillis", pingMillis);
    }

    public static TransportLimits defaults() {
        return new TransportLimits(8 << 20, 8 << 10, 1_000, 256, 16L << 20, 60_000);
    }

    private static void check(boolean holds, String name, long value) {
        if (!holds) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
        }
    }
}
