package dev.reservoir.server.grpc;

import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeldObservations;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.v1.TrainingServiceGrpc;

/** Trains heads online. */
final class TrainingService {
    private final HeadRegistry registry;
    private final Engine engine;
    private final HeldObservations held;
    private final int credits;

    TrainingService(HeadRegistry registry, Engine engine, HeldObservations held, int credits) {
        this.registry = registry;
        this.engine = engine;
        this.held = held;
        this.credits = credits;
    }

    void bind(Methods methods) {
        methods.stream(
                TrainingServiceGrpc.getTrainMethod(),
                call -> new TrainStream(call, registry, engine, held, credits).start());
    }
}
