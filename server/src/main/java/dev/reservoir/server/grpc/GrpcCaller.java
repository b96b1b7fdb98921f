// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.registry.Subscription;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.server.serving.Caller;

/** A gRPC call that waits for a prediction. */
final class GrpcCaller implements Caller {
    private final ServerCall<?, ?> call;

    GrpcCaller(ServerCall<?, ?> call) {
        this.call = call;
    }

    static Call engineCall(ServerCall<?, ?> call, String tenant) {
        return new Call(tenant, call.deadlineNanos(), call::gone);
    }

    @Override
    public Call call(String tenant) {
        return engineCall(call, tenant);
    }

    @Override
    public void run(Runnable action) {
        call.runOnContext(action);
    }

    @Override
    public Subscription after(long millis, Runnable action) {
        return call.after(millis, action)::cancel;
    }

    @Override
    public Subscription whenGone(Runnable action) {
        return call.onClosed(action)::cancel;
    }
}
