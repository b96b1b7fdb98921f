// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import io.grpc.ServiceDescriptor;
import io.grpc.reflection.v1.ErrorResponse;
import io.grpc.reflection.v1.ExtensionNumberResponse;
import io.grpc.reflection.v1.ExtensionRequest;
import io.grpc.reflection.v1.FileDescriptorResponse;
import io.grpc.reflection.v1.ListServiceResponse;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Describes the server to tools, with any number of requests per stream: {@code grpc.reflection.v1} and, for older
 * tools, {@code v1alpha}.
 */
public final class ReflectionService {
    private final Schemas schemas;

    /**
     * @param services the services to list
     * @param others files that no service depends on
     */
    public ReflectionService(List<ServiceDescriptor> services, List<FileDescriptor> others) {
        this.schemas = new Schemas(services, others);
    }

    public void bind(Methods methods) {
        methods.stream(
                ServerReflectionGrpc.getServerReflectionInfoMethod(),
                call -> new RequestStream<>(call, new Worker<>(this::answer), Long.MAX_VALUE).start());
        methods.stream(
                io.grpc.reflection.v1alpha.ServerReflectionGrpc.getServerReflectionInfoMethod(),
                call -> new RequestStream<>(call, new Worker<>(this::answerAlpha), Long.MAX_VALUE).start());
    }

    private ServerReflectionResponse answer(ServerReflectionRequest request) {
        ServerReflectionResponse.Builder response = ServerReflectionResponse.newBuilder()
                .setValidHost(request.getHost())
                .setOriginalRequest(request);
        switch (request.getMessageRequestCase()) {
            case LIST_SERVICES -> {
                ListServiceResponse.Builder list = ListServiceResponse.newBuilder();
                schemas.services()
                        .forEach(name ->
                                list.addService(ServiceResponse.newBuilder().setName(name)));
                response.setListServicesResponse(list);
            }
            case FILE_BY_FILENAME ->
                files(response, schemas.byName(request.getFileByFilename()), request.getFileByFilename());
            case FILE_CONTAINING_SYMBOL ->
                files(response, schemas.bySymbol(request.getFileContainingSymbol()), request.getFileContainingSymbol());
            case FILE_CONTAINING_EXTENSION -> {
                ExtensionRequest extension = request.getFileContainingExtension();
                files(
                        response,
                        schemas.byExtension(extension.getContainingType(), extension.getExtensionNumber()),
                        extension.getContainingType());
            }
            case ALL_EXTENSION_NUMBERS_OF_TYPE -> {
                String type = request.getAllExtensionNumbersOfType();
                Collection<Integer> numbers = schemas.extensions(type);
                if (numbers == null) {
                    error(response, Code.NOT_FOUND, type);
                } else {
                    response.setAllExtensionNumbersResponse(ExtensionNumberResponse.newBuilder()
                            .setBaseTypeName(type)
                            .addAllExtensionNumber(numbers));
                }
            }
            case MESSAGEREQUEST_NOT_SET -> error(response, Code.INVALID_ARGUMENT, "nothing");
        }
        return response.build();
    }

    /** The two versions are the same on the wire, but for their package. */
    private io.grpc.reflection.v1alpha.ServerReflectionResponse answerAlpha(
            io.grpc.reflection.v1alpha.ServerReflectionRequest request) {
        try {
            return io.grpc.reflection.v1alpha.ServerReflectionResponse.parseFrom(
                    answer(ServerReflectionRequest.parseFrom(request.toByteString()))
                            .toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("v1 and v1alpha (expected: equal on the wire)", e);
        }
    }

    private static void files(
            ServerReflectionResponse.Builder response, @Nullable List<ByteString> files, String query) {
        if (files == null) {
            error(response, Code.NOT_FOUND, query);
        } else {
            response.setFileDescriptorResponse(
                    FileDescriptorResponse.newBuilder().addAllFileDescriptorProto(files));
        }
    }

    private static void error(ServerReflectionResponse.Builder response, Code code, String query) {
        String shown = query.length() > 200 ? query.substring(0, 200) + "..." : query;
        response.setErrorResponse(ErrorResponse.newBuilder()
                .setErrorCode(code.getNumber())
                .setErrorMessage("\"" + shown + "\" (expected: a file, symbol or extension of this server)"));
    }

    private record Worker<Q, P>(java.util.function.Function<Q, P> answering) implements RequestStream.Worker<Q, P> {
        @Override
        public long weight(Q request) {
            return 1;
        }

        @Override
        public void answer(Q request, RequestStream.Reply<P> reply) {
            reply.ready(() -> answering.apply(request));
        }
    }
}
