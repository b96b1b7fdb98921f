// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.TrainingServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One plaintext connection to a server. Streams of one client share its connection: use one client each for streams
 * that must not delay each other.
 *
 * <p>Every method throws {@link CallFailure}, whose message names the target if the server was not reached.
 */
public final class ReservoirClient implements AutoCloseable {
    private static final int MAX_REPLY_BYTES = 16 << 20;

    private final String target;
    private final ManagedChannel channel;
    private final Duration deadline;

    private ReservoirClient(String target, ManagedChannel channel, Duration deadline) {
        this.target = target;
        this.channel = channel;
        this.deadline = deadline;
    }

    /**
     * Names a server; the connection is made by the first call.
     *
     * @param target {@code host:port}
     * @param deadline of each unary call
     * @throws IllegalArgumentException if {@code target} is not a host and a port
     */
    public static ReservoirClient connect(String target, Duration deadline) {
        int colon = target.lastIndexOf(':');
        int port = -1;
        try {
            port = Integer.parseInt(target.substring(colon + 1));
        } catch (NumberFormatException e) {
            // falls through to the check, which says what was expected
        }
        if (colon < 1 || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("target: " + target + " (expected: host:port, port 1 to 65535)");
        }
        ManagedChannel channel = NettyChannelBuilder.forAddress(new InetSocketAddress(target.substring(0, colon), port))
                .usePlaintext()
                .maxInboundMessageSize(MAX_REPLY_BYTES)
                .build();
        return new ReservoirClient(target, channel, deadline);
    }

    public Substrate substrate() {
        return call(
                "substrate of " + target,
                () -> withDeadline(SubstrateServiceGrpc.newBlockingStub(channel))
                        .getSubstrate(GetSubstrateRequest.getDefaultInstance()));
    }

    /**
     * Creates a head.
     *
     * @param name {@code tenants/{tenant}/heads/{head}}
     */
    public Head createHead(String name, Head spec, String requestId) {
        int cut = name.indexOf("/heads/");
        if (cut < 0) {
            throw new IllegalArgumentException("name: " + name + " (expected: tenants/{tenant}/heads/{head})");
        }
        CreateHeadRequest request = CreateHeadRequest.newBuilder()
                .setParent(name.substring(0, cut))
                .setHeadId(name.substring(cut + "/heads/".length()))
                .setHead(spec)
                .setRequestId(requestId)
                .build();
        return call(
                "creating " + name,
                () -> withDeadline(HeadServiceGrpc.newBlockingStub(channel)).createHead(request));
    }

    /** Deletes a head; does nothing if there is none of this name. */
    public void deleteHead(String name) {
        DeleteHeadRequest request = DeleteHeadRequest.newBuilder()
                .setName(name)
                .setAllowMissing(true)
                .build();
        call(
                "deleting " + name,
                () -> withDeadline(HeadServiceGrpc.newBlockingStub(channel)).deleteHead(request));
    }

    /** Opens a training stream; see {@link TrainingStream}. */
    public TrainingStream train(String head, long writerEpoch, ExampleSource examples, TrainingListener listener) {
        return TrainingStream.open(TrainingServiceGrpc.newStub(channel), head, writerEpoch, examples, listener);
    }

    /** Opens a prediction stream. */
    public PredictionStream predictions() {
        return PredictionStream.open(InferenceServiceGrpc.newStub(channel), target);
    }

    /** Closes the connection; calls in flight fail. Waits at most five seconds. */
    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private <S extends AbstractStub<S>> S withDeadline(S stub) {
        return stub.withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static <T> T call(String what, Supplier<T> call) {
        try {
            return call.get();
        } catch (StatusRuntimeException e) {
            throw CallFailure.of(what, e);
        }
    }
}
