// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.TENANT;
import static dev.reservoir.server.grpc.Messages.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.MethodDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import com.google.protobuf.Descriptors.FileDescriptor;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.EmbedRequest;
import dev.reservoir.v1.EmbedResponse;
import dev.reservoir.v1.ErrorReason;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.MemoryUse;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** How the server describes itself: substrate, health, reflection, reasons. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DescriptionTest {
    private TestServer server;

    @BeforeAll
    void start() {
        server = TestServer.start();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void substrateDescribesItself() {
        Substrate substrate = SubstrateServiceGrpc.newBlockingStub(server.channel())
                .getSubstrate(GetSubstrateRequest.getDefaultInstance());

        assertThat(substrate.getName()).isEqualTo("mixing");
        assertThat(substrate.getDigest()).isEqualTo("0".repeat(64));
        assertThat(substrate.getWidth()).isEqualTo(16);
        assertThat(substrate.getPositions()).isEqualTo(512);
        assertThat(substrate.getLanes()).isEqualTo(2);
        assertThat(substrate.getCoBatchingIdentical()).isTrue();
        assertThat(substrate.getServerVersion()).isEqualTo("test");
        assertThat(substrate.getFeatureCacheLimitBytes()).isEqualTo(1 << 20);
        assertThat(substrate.getProcessResidentBytes()).isBetween(10L << 20, 16L << 30);
        assertThat(substrate.getMemoryList())
                .extracting(MemoryUse::getOwner)
                .contains("java heap", "weights", "requests", "outstanding examples");
        assertThat(substrate.getMemoryList())
                .allSatisfy(use -> assertThat(use.getBytes())
                        .isBetween(0L, use.getLimitBytes() == 0 ? Long.MAX_VALUE : use.getLimitBytes()));
    }

    @Test
    void embedAnswersEachRequestWithFeaturesOrItsError() {
        Replies<EmbedRequest, EmbedResponse> replies = Replies.reading();
        StreamObserver<EmbedRequest> requests =
                SubstrateServiceGrpc.newStub(server.channel()).embed(replies);
        EmbedRequest good = EmbedRequest.newBuilder()
                .setParent(TENANT)
                .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance()))
                .setObservation(text("two words"))
                .build();
        for (int i = 0; i < 300; i++) {
            EmbedRequest.Builder request = good.toBuilder().setId(i);
            switch (i % 6) {
                case 1 -> request.setObservation(text("  "));
                case 2 ->
                    request.setModality(Modality.newBuilder()
                            .setTensor(TensorModality.newBuilder().setWidth(2)));
                case 3 -> request.clearModality();
                case 4 -> request.setParent("nobody");
                case 5 ->
                    request.setModality(Modality.newBuilder()
                            .setText(TextModality.newBuilder().setMaxTokens(513)));
                default -> {}
            }
            requests.onNext(request.build());
        }
        requests.onCompleted();

        Reason[] reasons = {
            Reason.INVALID_OBSERVATION,
            Reason.WRONG_MODALITY,
            Reason.INVALID_FIELD,
            Reason.INVALID_FIELD,
            Reason.INVALID_FIELD
        };
        Map<Long, EmbedResponse> byId = new HashMap<>();
        replies.rest().forEach(reply -> byId.put(reply.getId(), reply));
        assertThat(byId).hasSize(300);
        byId.forEach((id, reply) -> {
            if (id % 6 == 0) {
                assertThat(reply.getFeatures()).isEqualTo(byId.get(0L).getFeatures());
                assertThat(reply.getFeatures().getValuesCount()).isEqualTo(16);
                assertThat(reply.getTokens()).isPositive();
            } else {
                Errors.info(reasons[(int) (id % 6) - 1], reply.getError());
            }
        });
    }

    @Test
    void healthReportsTheServerAndEachService() {
        HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(server.channel());
        for (String service : List.of("", HeadServiceGrpc.SERVICE_NAME, HealthGrpc.SERVICE_NAME)) {
            assertThat(health.check(check(service)).getStatus()).isEqualTo(ServingStatus.SERVING);
        }
        assertThatThrownBy(() -> health.check(check("nobody")))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        failure -> assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
        Replies<HealthCheckRequest, HealthCheckResponse> watch = Replies.reading();
        HealthGrpc.newStub(server.channel()).watch(check("nobody"), watch);
        assertThat(watch.next().getStatus()).isEqualTo(ServingStatus.SERVICE_UNKNOWN);
        assertThat(watch.ended()).isFalse();
        watch.call().cancel("seen", null);
    }

    private static HealthCheckRequest check(String service) {
        return HealthCheckRequest.newBuilder().setService(service).build();
    }

    /** As a tool walks it: list, then each service's file and what it needs, then every name in them; on one stream. */
    @Test
    void walkByReflectionFindsExactlyTheDescriptors() throws Exception {
        Replies<ServerReflectionRequest, ServerReflectionResponse> replies = Replies.reading();
        StreamObserver<ServerReflectionRequest> requests =
                ServerReflectionGrpc.newStub(server.channel()).serverReflectionInfo(replies);
        requests.onNext(
                ServerReflectionRequest.newBuilder().setListServices("*").build());
        List<String> services = replies.next().getListServicesResponse().getServiceList().stream()
                .map(ServiceResponse::getName)
                .toList();
        assertThat(services)
                .containsExactly(
                        "grpc.health.v1.Health",
                        "grpc.reflection.v1.ServerReflection",
                        "grpc.reflection.v1alpha.ServerReflection",
                        "reservoir.v1.HeadService",
                        "reservoir.v1.InferenceService",
                        "reservoir.v1.SubstrateService",
                        "reservoir.v1.TrainingService");

        Map<String, FileDescriptorProto> files = new TreeMap<>();
        for (String service : services) {
            requests.onNext(ServerReflectionRequest.newBuilder()
                    .setFileContainingSymbol(service)
                    .build());
            List<FileDescriptorProto> found = parse(replies.next());
            Set<String> names = new HashSet<>();
            found.forEach(file -> names.add(file.getName()));
            found.forEach(file -> assertThat(names).containsAll(file.getDependencyList()));
            assertThat(found.get(0).getServiceList())
                    .extracting(ServiceDescriptorProto::getName)
                    .contains(service.substring(service.lastIndexOf('.') + 1));
            found.forEach(file -> files.put(file.getName(), file));
        }
        FileDescriptor error = ErrorReason.getDescriptor().getFile();
        requests.onNext(ServerReflectionRequest.newBuilder()
                .setFileByFilename(error.getFullName())
                .build());
        assertThat(parse(replies.next())).containsExactly(error.toProto());
        FileDescriptor heads = dev.reservoir.v1.Head.getDescriptor().getFile();
        assertThat(files.get(heads.getFullName())).isEqualTo(heads.toProto());
        for (FileDescriptorProto file : files.values()) {
            for (ServiceDescriptorProto service : file.getServiceList()) {
                for (MethodDescriptorProto method : service.getMethodList()) {
                    for (String symbol : List.of(
                            file.getPackage() + "." + service.getName() + "." + method.getName(),
                            method.getInputType().substring(1),
                            method.getOutputType().substring(1))) {
                        requests.onNext(ServerReflectionRequest.newBuilder()
                                .setFileContainingSymbol(symbol)
                                .build());
                        FileDescriptorProto holder = parse(replies.next()).get(0);
                        assertThat(holder).isEqualTo(files.get(holder.getName()));
                    }
                }
            }
        }
        for (ServerReflectionRequest unknown : List.of(
                ServerReflectionRequest.newBuilder()
                        .setFileContainingSymbol("reservoir.v1.Nobody")
                        .build(),
                ServerReflectionRequest.newBuilder()
                        .setFileByFilename("nobody.proto")
                        .build(),
                ServerReflectionRequest.newBuilder()
                        .setAllExtensionNumbersOfType("reservoir.v1.Nobody")
                        .build(),
                ServerReflectionRequest.getDefaultInstance())) {
            requests.onNext(unknown);
            ServerReflectionResponse response = replies.next();
            assertThat(response.hasErrorResponse()).isTrue();
            assertThat(response.getOriginalRequest()).isEqualTo(unknown);
        }
        requests.onCompleted();
        assertThat(replies.rest()).isEmpty();
    }

    private static List<FileDescriptorProto> parse(ServerReflectionResponse response) throws Exception {
        List<FileDescriptorProto> files = new ArrayList<>();
        for (ByteString file : response.getFileDescriptorResponse().getFileDescriptorProtoList()) {
            files.add(FileDescriptorProto.parseFrom(file));
        }
        assertThat(files).as(response.toString()).isNotEmpty();
        return files;
    }

    @Test
    void olderReflectionAnswersTheSame() {
        Replies<io.grpc.reflection.v1alpha.ServerReflectionRequest, io.grpc.reflection.v1alpha.ServerReflectionResponse>
                replies = Replies.reading();
        StreamObserver<io.grpc.reflection.v1alpha.ServerReflectionRequest> requests =
                io.grpc.reflection.v1alpha.ServerReflectionGrpc.newStub(server.channel())
                        .serverReflectionInfo(replies);
        requests.onNext(io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder()
                .setListServices("")
                .build());
        assertThat(replies.next().getListServicesResponse().getServiceCount()).isEqualTo(7);
        requests.onCompleted();
        replies.rest();
    }

    @Test
    void documentedReasonsAreAllReasons() {
        assertThat(Arrays.stream(ErrorReason.values())
                        .filter(reason ->
                                reason != ErrorReason.ERROR_REASON_UNSPECIFIED && reason != ErrorReason.UNRECOGNIZED)
                        .map(Enum::name))
                .containsExactlyElementsOf(
                        Arrays.stream(Reason.values()).map(Enum::name).toList());
    }
}
