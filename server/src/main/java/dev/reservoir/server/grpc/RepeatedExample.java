// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.intake.ExampleIntake;
import dev.reservoir.server.intake.WriterLease;
import dev.reservoir.server.registry.Subscription;
import dev.reservoir.server.rpc.ServerCall;
import org.jspecify.annotations.Nullable;

/**
 * An example whose number was admitted before: it is acknowledged once that number is handled, unless the call ends
 * first. Confined to the call's context.
 */
final class RepeatedExample {
    private final ServerCall<?, ?> call;
    private final Runnable acknowledge;
    private ServerCall.@Nullable Registration closing;

    /** @param acknowledge runs at most once, on the call's context */
    RepeatedExample(ServerCall<?, ?> call, Runnable acknowledge) {
        this.call = call;
        this.acknowledge = acknowledge;
    }

    void await(ExampleIntake intake, WriterLease lease, long sequence) {
        Subscription handled = intake.whenHandled(lease, sequence, () -> call.runOnContext(this::handled));
        closing = call.onClosed(handled::end);
    }

    private void handled() {
        if (closing != null) {
            closing.cancel();
        }
        acknowledge.run();
    }
}
