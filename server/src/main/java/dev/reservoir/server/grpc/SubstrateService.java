package dev.reservoir.server.grpc;

import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.memory.ProcessMemory;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.RequestStream;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;

/** The frozen model that all heads share. */
final class SubstrateService {
    private final SubstrateInfo info;
    private final String version;
    private final Engine engine;
    private final EncoderCreations creations;
    private final DecodeWorkers workers;

    /** @param version the server's */
    SubstrateService(
            SubstrateInfo info, String version, Engine engine, EncoderCreations creations, DecodeWorkers workers) {
        this.info = info;
        this.version = version;
        this.engine = engine;
        this.creations = creations;
        this.workers = workers;
    }

    Engine engine() {
        return engine;
    }

    EncoderCreations creations() {
        return creations;
    }

    DecodeWorkers workers() {
        return workers;
    }

    void bind(Methods methods) {
        methods.unary(SubstrateServiceGrpc.getGetSubstrateMethod(), this::get);
        methods.stream(
                SubstrateServiceGrpc.getEmbedMethod(),
                call -> new RequestStream<>(call, new EmbedWorker(call, this), Long.MAX_VALUE).start());
    }

    private void get(ServerCall<GetSubstrateRequest, Substrate> call, GetSubstrateRequest request) {
        Engine.EngineStatus status = engine.status();
        Substrate.Builder substrate = Substrate.newBuilder()
                .setName(info.name())
                .setDigest(info.digest())
                .setServerVersion(version)
                .setLanes(status.lanes())
                .setProcessResidentBytes(ProcessMemory.residentBytes())
                .setFeatureCacheBytes(status.featureCacheBytes())
                .setFeatureCacheLimitBytes(status.featureCacheLimitBytes());
        put(info.shape(), substrate);
        put(info.numerics(), substrate);
        call.endWith(substrate.build());
    }

    private static void put(SubstrateInfo.Shape shape, Substrate.Builder substrate) {
        substrate
                .setFamily(shape.family())
                .setWidth(shape.width())
                .setVocabulary(shape.vocabulary())
                .setPositions(shape.positions())
                .setParameters(shape.parameters());
        if (shape instanceof SubstrateInfo.Shape.Bert bert) {
            substrate
                    .setLayers(bert.layers())
                    .setAttentionHeads(bert.attentionHeads())
                    .setFeedForwardWidth(bert.feedForwardWidth());
        }
    }

    private static void put(SubstrateInfo.Numerics numerics, Substrate.Builder substrate) {
        substrate
                .setPrecision(numerics.precision())
                .setPrecisionReason(numerics.precisionReason())
                .setDevice(numerics.device())
                .setWeightBytes(numerics.weightBytes())
                .setCoBatchingIdentical(numerics.coBatchingIdentical())
                .setCoBatchingCheck(numerics.coBatchingCheck());
    }
}
