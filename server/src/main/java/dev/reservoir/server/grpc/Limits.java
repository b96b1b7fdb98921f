package dev.reservoir.server.grpc;

/**
 * Bounds of what clients may hold of this server.
 *
 * @param messageBytes largest message, decompressed
 * @param connectionStreams most calls at once on one connection
 * @param trainCredits examples of a training stream that may be outstanding: arrived and not yet acknowledged
 * @param streamRequests requests of a stream that may be outstanding: arrived and their reply not yet written
 * @param streamHeads heads that those requests may name together
 * @param streamBytes bytes of payload that one stream may have outstanding; the message that passes it is still taken, and up to 16
 *     messages of a stream may wait in the transport beside them
 * @param unaryBytes bytes of payload that all unary calls together may have outstanding
 * @param creations heads that may be under creation at once
 * @param appliedWaitMillis longest that a prediction waits until a sequence number is applied
 */
public record Limits(
        int messageBytes,
        int connectionStreams,
        int trainCredits,
        int streamRequests,
        int streamHeads,
        long streamBytes,
        long unaryBytes,
        int creations,
        long appliedWaitMillis) {
    /** Most heads in one prediction. */
    static final int PREDICT_HEADS = 10_000;

    public static Limits defaults() {
        return new Limits(8 << 20, 1_000, 256, 256, 20_000, 16L << 20, 256L << 20, 64, 30_000);
    }
}
