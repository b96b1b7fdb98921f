package dev.reservoir.server.grpc;

import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.RequestStream;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;
import java.util.function.LongSupplier;

/** The frozen model that all heads share. */
final class SubstrateService {
    private final SubstrateInfo info;
    private final String version;
    private final Engine engine;
    private final Encoders encoders;
    private final LongSupplier residentBytes;

    SubstrateService(SubstrateInfo info, String version, Engine engine, Encoders encoders, LongSupplier residentBytes) {
        this.info = info;
        this.version = version;
        this.engine = engine;
        this.encoders = encoders;
        this.residentBytes = residentBytes;
    }

    void bind(Methods methods) {
        methods.unary(SubstrateServiceGrpc.getGetSubstrateMethod(), this::get);
        methods.stream(
                SubstrateServiceGrpc.getEmbedMethod(),
                call -> new RequestStream<>(call, new EmbedWorker(call, engine, encoders), Long.MAX_VALUE).start());
    }

    private void get(ServerCall<GetSubstrateRequest, Substrate> call, GetSubstrateRequest request) {
        Engine.EngineStatus status = engine.status();
        call.endWith(Substrate.newBuilder()
                .setName(info.name())
                .setDigest(info.digest())
                .setFamily(info.family())
                .setLayers(info.layers())
                .setWidth(info.width())
                .setAttentionHeads(info.attentionHeads())
                .setFeedForwardWidth(info.feedForwardWidth())
                .setVocabulary(info.vocabulary())
                .setPositions(info.positions())
                .setParameters(info.parameters())
                .setPrecision(info.precision())
                .setPrecisionReason(info.precisionReason())
                .setDevice(info.device())
                .setLanes(status.lanes())
                .setWeightBytes(info.weightBytes())
                .setProcessResidentBytes(residentBytes.getAsLong())
                .setCoBatchingIdentical(info.coBatchingIdentical())
                .setCoBatchingCheck(info.coBatchingCheck())
                .setServerVersion(version)
                .setFeatureCacheBytes(status.featureCacheBytes())
                .setFeatureCacheLimitBytes(status.featureCacheLimitBytes())
                .build());
    }
}
