package dev.reservoir.server.rpc;

/**
 * Bounds on what clients may keep busy in the transport, whatever the service.
 *
 * @param messageBytes largest message, decompressed
 * @param connectionStreams most concurrent calls on one connection
 * @param streamRequests requests of a stream that may be outstanding: arrived and their reply not yet written
 * @param streamBytes bytes of payload that one stream may have outstanding; the message that passes it is still taken, and up to 16
 *     messages of a stream may wait in the transport beside them
 * @param unaryBytes bytes of payload that all unary calls together may have outstanding
 */
public record TransportLimits(
        int messageBytes, int connectionStreams, int streamRequests, long streamBytes, long unaryBytes) {
    public static TransportLimits defaults() {
        return new TransportLimits(8 << 20, 1_000, 256, 16L << 20, 256L << 20);
    }
}
