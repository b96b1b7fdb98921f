package dev.reservoir.server.rpc;

import com.google.protobuf.Message;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import io.vertx.grpc.server.GrpcServer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Binds handlers to methods. Generated descriptors name the methods; requests are parsed by {@link ServerCall}, because the transport
 * answers a message that does not parse, or whose encoding it does not know, with a reset that says nothing.
 */
public final class Methods {
    /** Takes a call; messages come once it fetches them. */
    public interface StreamHandler<Q extends Message, P extends Message> {
        void start(ServerCall<Q, P> call);
    }

    /** Takes the one request of a call. */
    public interface RequestHandler<Q extends Message, P extends Message> {
        void handle(ServerCall<Q, P> call, Q request);
    }

    private final GrpcServer server;
    private final Calls calls;

    Methods(GrpcServer server, Calls calls) {
        this.server = server;
        this.calls = calls;
    }

    public <Q extends Message, P extends Message> void stream(
            MethodDescriptor<Q, P> method, StreamHandler<Q, P> handler) {
        Q prototype = prototype(method);
        ServiceMethod<Q, P> bound = ServiceMethod.server(
                ServiceName.create(Objects.requireNonNull(method.getServiceName())),
                Objects.requireNonNull(method.getBareMethodName()),
                GrpcMessageEncoder.encoder(),
                GrpcMessageDecoder.decoder(prototype));
        server.callHandler(bound, request -> {
            Context context = Vertx.currentContext();
            ServerCall<Q, P> call = new ServerCall<>(calls, context, prototype, request);
            call.begin(() -> handler.start(call));
        });
    }

    /** A method whose client sends exactly one request, whatever comes back. */
    public <Q extends Message, P extends Message> void unary(
            MethodDescriptor<Q, P> method, RequestHandler<Q, P> handler) {
        stream(method, call -> new OneRequest<>(call, handler).start());
    }

    private static <Q extends Message> Q prototype(MethodDescriptor<Q, ?> method) {
        return Objects.requireNonNull(((PrototypeMarshaller<Q>) method.getRequestMarshaller()).getMessagePrototype());
    }

    private static final class OneRequest<Q extends Message, P extends Message> {
        private final ServerCall<Q, P> call;
        private final RequestHandler<Q, P> handler;
        private @Nullable Q request;

        OneRequest(ServerCall<Q, P> call, RequestHandler<Q, P> handler) {
            this.call = call;
            this.handler = handler;
        }

        void start() {
            call.onMessage((message, bytes) -> {
                if (request != null) {
                    throw order("2 requests");
                }
                call.calls().holdUnary(call, bytes);
                request = message;
                call.fetch();
            });
            call.onHalfClosed(() -> {
                Q only = request;
                if (only == null) {
                    throw order("no request");
                }
                handler.handle(call, only);
            });
            call.fetch();
        }

        private static Refused order(String met) {
            return new Refused(Reason.STREAM_ORDER, "request: " + met + " (expected: exactly one)");
        }
    }
}
