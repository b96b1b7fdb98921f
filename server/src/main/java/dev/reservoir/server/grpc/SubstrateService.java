// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.memory.ProcessMemory;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.RequestStream;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.MemoryUse;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;

/** Describes the frozen model that all heads share. */
final class SubstrateService {
    private final SubstrateInfo info;
    private final String version;
    private final Engine engine;
    private final EncoderCreations creations;
    private final DecodeWorkers workers;

    private final ServerMemory memory;

    /** @param identity how the server describes itself to clients */
    SubstrateService(
            GrpcServices.Identity identity,
            Engine engine,
            ServerMemory memory,
            EncoderCreations creations,
            DecodeWorkers workers) {
        this.info = identity.substrate();
        this.version = identity.version();
        this.engine = engine;
        this.memory = memory;
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
        putMemory(substrate);
        call.endWith(substrate.build());
    }

    private void putMemory(Substrate.Builder substrate) {
        Runtime runtime = Runtime.getRuntime();
        long weightBytes = info.numerics().weightBytes();
        substrate
                .addMemory(use("java heap", runtime.totalMemory() - runtime.freeMemory(), runtime.maxMemory()))
                .addMemory(use("weights", weightBytes, 0));
        for (MemoryBudget.Usage usage : memory.usage()) {
            substrate.addMemory(use(usage.owner(), usage.usedBytes(), usage.limitBytes()));
        }
    }

    private static MemoryUse use(String owner, long bytes, long limitBytes) {
        return MemoryUse.newBuilder()
                .setOwner(owner)
                .setBytes(bytes)
                .setLimitBytes(limitBytes)
                .build();
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
