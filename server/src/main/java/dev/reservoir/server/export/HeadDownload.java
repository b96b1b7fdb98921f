// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.export;

import dev.reservoir.heads.HeadName;
import dev.reservoir.server.startup.HostPort;
import dev.reservoir.v1.ExportHeadRequest;
import dev.reservoir.v1.ExportHeadResponse;
import dev.reservoir.v1.ExportedHead;
import dev.reservoir.v1.HeadServiceGrpc;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** One call of {@code HeadService.ExportHead}, whose file is written to disk as it arrives. */
final class HeadDownload {
    private static final int CONNECT_MILLIS = 5_000;
    /** Longest time without a message before the server is considered gone. */
    private static final int SILENCE_MILLIS = 30_000;

    private static final int MESSAGE_BYTES = 8 << 20;

    private final HeadName head;
    private final HostPort server;
    private final Path file;
    private final Promise<ExportedHead> done = Promise.promise();
    private @Nullable ExportedHead exported;
    private long received;

    private HeadDownload(HeadName head, HostPort server, Path file) {
        this.head = head;
        this.server = server;
        this.file = file;
    }

    /**
     * Receives a head's file.
     *
     * @param file is overwritten
     * @throws ExportFailure if the server cannot be reached, fails or has no such head, or the file cannot be written
     */
    static ExportedHead to(Path file, HeadName head, HostPort server) {
        Vertx vertx = Vertx.vertx();
        try (OutputStream out = Files.newOutputStream(file)) {
            HeadDownload download = new HeadDownload(head, server, file);
            // Everything runs on one event loop: messages that arrive before a handler is set would be lost.
            Context context = vertx.getOrCreateContext();
            context.runOnContext(unused -> download.begin(vertx, out));
            return download.done
                    .future()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof ExportFailure failure ? failure : e;
        } catch (IOException e) {
            throw new ExportFailure(file + " could not be written: " + e, e);
        } finally {
            vertx.close();
        }
    }

    private void begin(Vertx vertx, OutputStream out) {
        GrpcClient client = GrpcClient.client(
                vertx,
                new GrpcClientOptions().setMaxMessageSize(MESSAGE_BYTES),
                new HttpClientOptions()
                        .setProtocolVersion(HttpVersion.HTTP_2)
                        .setHttp2ClearTextUpgrade(false)
                        .setConnectTimeout(CONNECT_MILLIS));
        ServiceMethod<ExportHeadResponse, ExportHeadRequest> method = ServiceMethod.client(
                ServiceName.create(HeadServiceGrpc.SERVICE_NAME),
                "ExportHead",
                GrpcMessageEncoder.encoder(),
                GrpcMessageDecoder.decoder(ExportHeadResponse.getDefaultInstance()));
        client.request(SocketAddress.inetSocketAddress(server.port(), server.bracketedHost()), method)
                .onSuccess(request -> send(request, out))
                .onFailure(this::unreachable);
    }

    private void send(GrpcClientRequest<ExportHeadRequest, ExportHeadResponse> request, OutputStream out) {
        request.idleTimeout(SILENCE_MILLIS);
        request.response().onSuccess(response -> read(response, out)).onFailure(this::broken);
        request.exceptionHandler(this::broken);
        request.end(ExportHeadRequest.newBuilder().setName(head.toString()).build());
    }

    private void read(GrpcClientResponse<ExportHeadRequest, ExportHeadResponse> response, OutputStream out) {
        response.exceptionHandler(this::broken);
        response.errorHandler(error -> broken(new IOException("the call was cut: " + error)));
        response.handler(message -> {
            try {
                take(message, out);
            } catch (IOException e) {
                done.tryFail(new ExportFailure(file + " could not be written: " + e, e));
            }
        });
        response.endHandler(unused -> ended(response.status(), response.statusMessage()));
    }

    private void take(ExportHeadResponse message, OutputStream out) throws IOException {
        if (message.hasExported()) {
            exported = message.getExported();
        } else {
            received += message.getChunk().size();
            message.getChunk().writeTo(out);
        }
    }

    private void ended(@Nullable GrpcStatus status, @Nullable String message) {
        if (status != GrpcStatus.OK) {
            done.tryFail(new ExportFailure(
                    "server " + server + ": " + (status == null ? "no status" : status.name()) + ", " + message));
        } else if (exported == null || exported.getFileBytes() != received) {
            done.tryFail(new ExportFailure("server " + server + ": " + received + " bytes of a file (expected: "
                    + (exported == null ? "a head" : exported.getFileBytes()) + ")"));
        } else {
            done.tryComplete(exported);
        }
    }

    private void unreachable(Throwable cause) {
        done.tryFail(new ExportFailure(
                "--target: " + server + " cannot be reached: " + cause.getMessage() + " (expected: a reservoir server)",
                cause));
    }

    private void broken(Throwable cause) {
        done.tryFail(new ExportFailure("server " + server + ": the call broke off: " + cause, cause));
    }
}
