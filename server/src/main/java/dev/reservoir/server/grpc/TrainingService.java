// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.intake.ExampleIntake;
import dev.reservoir.server.memory.MemoryBudget;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.v1.TrainingServiceGrpc;

/**
 * Trains heads online.
 *
 * @param memory the account that the outstanding examples of all streams share
 * @param credits examples that a stream may have outstanding
 */
record TrainingService(ExampleIntake intake, DecodeWorkers workers, MemoryBudget.Account memory, int credits) {

    void bind(Methods methods) {
        methods.stream(TrainingServiceGrpc.getTrainMethod(), call -> new TrainStream(call, this).start());
    }
}
