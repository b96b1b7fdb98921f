package dev.reservoir.server.grpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Subscription;
import dev.reservoir.server.rpc.Calls;
import dev.reservoir.server.rpc.ServerCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Waits until heads have handled a sequence number, for a time. Confined to the call's context. */
final class AppliedWait {
    private final ServerCall<?, ?> call;
    private final List<LiveHead> heads;
    private final long sequence;
    private final long longestMillis;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private boolean over;

    AppliedWait(ServerCall<?, ?> call, List<LiveHead> heads, long sequence, long longestMillis) {
        this.call = call;
        this.heads = heads;
        this.sequence = sequence;
        this.longestMillis = longestMillis;
    }

    /** Runs exactly one of the two; neither once the call has ended. A head that is deleted meanwhile is not waited for. */
    void then(Runnable applied, Consumer<Refused> late) {
        AtomicInteger left = new AtomicInteger(heads.size());
        for (LiveHead head : heads) {
            subscriptions.add(head.whenApplied(sequence, () -> {
                if (left.decrementAndGet() == 0) {
                    call.runOnContext(() -> end(applied));
                }
            }));
        }
        subscriptions.add(call.after(longestMillis, () -> end(() -> late.accept(notYet())))::cancel);
        subscriptions.add(call.onStop(() -> end(() -> late.accept(Calls.stoppingNow())))::cancel);
        subscriptions.add(call.onClosed(this::unsubscribe)::cancel);
    }

    private void end(Runnable how) {
        if (!over) {
            over = true;
            unsubscribe();
            how.run();
        }
    }

    private void unsubscribe() {
        subscriptions.forEach(Subscription::end);
        subscriptions.clear();
    }

    private Refused notYet() {
        long applied = heads.stream()
                .mapToLong(head -> head.published().appliedThrough())
                .min()
                .orElse(0);
        return new Refused(
                Reason.NOT_YET_APPLIED,
                "min_applied_sequence: " + Long.toUnsignedString(sequence) + " (expected: at most " + applied
                        + ", what is applied after " + longestMillis + " ms)",
                Map.of("applied_through", Long.toString(applied)));
    }
}
