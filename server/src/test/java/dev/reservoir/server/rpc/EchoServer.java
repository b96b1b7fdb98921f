// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.BytesValue;
import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.server.memory.MemoryBudget;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The runtime with methods of a test on a free loopback port, and no service of the product. */
final class EchoServer implements AutoCloseable {
    /** Answers a request with itself. */
    static final MethodDescriptor<BytesValue, BytesValue> ECHO = method("Echo", MethodDescriptor.MethodType.UNARY);
    /** Answers each message with itself, in their order. */
    static final MethodDescriptor<BytesValue, BytesValue> CHAT =
            method("Chat", MethodDescriptor.MethodType.BIDI_STREAMING);

    final MemoryBudget memory;
    final RpcServer rpc;
    private final Vertx vertx = Vertx.vertx();
    private final GrpcListener listener;

    static EchoServer start() {
        return new EchoServer(TransportLimits.defaults(), new MemoryBudget("heap", 1 << 30, "java -Xmx"), List.of());
    }

    static EchoServer start(TransportLimits limits) {
        return new EchoServer(limits, new MemoryBudget("heap", 1 << 30, "java -Xmx"), List.of());
    }

    static EchoServer startWith(Interceptor... interceptors) {
        return new EchoServer(
                TransportLimits.defaults(), new MemoryBudget("heap", 1 << 30, "java -Xmx"), List.of(interceptors));
    }

    static EchoServer startWith(MemoryBudget memory) {
        return new EchoServer(TransportLimits.defaults(), memory, List.of());
    }

    private EchoServer(TransportLimits limits, MemoryBudget memory, List<Interceptor> interceptors) {
        this.memory = memory;
        rpc = new RpcServer(vertx, limits, memory.account("requests"), System::nanoTime, interceptors);
        rpc.methods().unary(ECHO, ServerCall::endWith);
        rpc.methods().stream(CHAT, call -> new RequestStream<>(call, new EchoWorker(), Long.MAX_VALUE).start());
        listener =
                await(GrpcListener.listen(vertx, rpc.handler(), limits, new GrpcListener.Address("127.0.0.1", 0), 1));
    }

    static MethodDescriptor<BytesValue, BytesValue> method(String name, MethodDescriptor.MethodType type) {
        return MethodDescriptor.<BytesValue, BytesValue>newBuilder()
                .setType(type)
                .setFullMethodName("test.Echo/" + name)
                .setRequestMarshaller(ProtoUtils.marshaller(BytesValue.getDefaultInstance()))
                .setResponseMarshaller(ProtoUtils.marshaller(BytesValue.getDefaultInstance()))
                .build();
    }

    /** Binds one more method before the first call of it. */
    MethodDescriptor<BytesValue, BytesValue> bind(String name, Methods.RequestHandler<BytesValue, BytesValue> handler) {
        MethodDescriptor<BytesValue, BytesValue> method = method(name, MethodDescriptor.MethodType.SERVER_STREAMING);
        rpc.methods().unary(method, handler);
        return method;
    }

    int port() {
        return listener.port();
    }

    Http2Connection connect() throws IOException {
        return new Http2Connection(port());
    }

    static byte[] value(byte... bytes) {
        return message(bytes).toByteArray();
    }

    static BytesValue message(byte... bytes) {
        return BytesValue.of(UnsafeByteOperations.unsafeWrap(bytes));
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        await(listener.close());
        await(vertx.close());
    }

    private static final class EchoWorker implements RequestStream.Worker<BytesValue, BytesValue> {
        @Override
        public long weight(BytesValue request) {
            return 1;
        }

        @Override
        public void answer(BytesValue request, RequestStream.Reply<BytesValue> reply) {
            reply.ready(() -> request);
        }
    }
}
