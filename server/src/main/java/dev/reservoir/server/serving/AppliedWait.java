// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.serving;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Waits, for a limited time, until heads have handled a sequence number.
 *
 * <pre>
 *                       every head has handled it, or is deleted: applied
 *   +---------+  begin  +---------+ ------------------------------------------+   +------+
 *   | CREATED | ------&gt; | WAITING | -- the time has passed, or fail: refused -+-&gt; | OVER |
 *   +---------+         +---------+ -- the caller is gone: neither -----------+   +------+
 * </pre>
 *
 * <p>Confined to the caller's turn. Not thread-safe.
 */
final class AppliedWait {
    private final Caller caller;
    private final List<LiveHead> heads;
    private final long sequence;
    private final long longestMillis;
    private final Runnable applied;
    private final Consumer<Refused> refused;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private State state = State.CREATED;

    private enum State {
        CREATED,
        WAITING,
        OVER
    }

    /** Exactly one of {@code applied} and {@code refused} runs, neither once the caller is gone. */
    AppliedWait(Caller caller, List<LiveHead> heads, PredictionRequest request, long longestMillis, End end) {
        this.caller = caller;
        this.heads = heads;
        this.sequence = request.minAppliedSequence();
        this.longestMillis = longestMillis;
        this.applied = end.applied;
        this.refused = end.refused;
    }

    /** What follows the wait. */
    record End(Runnable applied, Consumer<Refused> refused) {}

    /** @param whenOver runs once when the wait is over, whatever ended it */
    void begin(Runnable whenOver) {
        state = State.WAITING;
        subscriptions.add(whenOver::run);
        AtomicInteger left = new AtomicInteger(heads.size());
        for (LiveHead head : heads) {
            subscriptions.add(head.whenApplied(sequence, () -> {
                if (left.decrementAndGet() == 0) {
                    caller.run(() -> over(applied));
                }
            }));
        }
        subscriptions.add(caller.after(longestMillis, () -> fail(notYet())));
        subscriptions.add(caller.whenGone(() -> over(() -> {})));
        if (state == State.OVER) {
            unsubscribe();
        }
        verifyState();
    }

    /** Ends the wait; harmless if it is over. */
    void fail(Refused why) {
        over(() -> refused.accept(why));
    }

    private void over(Runnable how) {
        if (state == State.OVER) {
            return;
        }
        state = State.OVER;
        unsubscribe();
        verifyState();
        how.run();
    }

    private void unsubscribe() {
        List<Subscription> all = List.copyOf(subscriptions);
        subscriptions.clear();
        all.forEach(Subscription::end);
    }

    private void verifyState() {
        if ((state == State.WAITING) == subscriptions.isEmpty()) {
            throw new IllegalStateException("wait: " + state + " with " + subscriptions.size()
                    + " subscriptions (expected: some while waiting)");
        }
    }

    private Refused notYet() {
        long lowest = heads.stream()
                .mapToLong(head -> head.published().appliedThrough())
                .min()
                .orElse(0);
        return new Refused(
                Reason.NOT_YET_APPLIED,
                "min_applied_sequence: " + Long.toUnsignedString(sequence) + " (expected: at most " + lowest
                        + ", what is applied after " + longestMillis + " ms)",
                Map.of("applied_through", Long.toString(lowest)));
    }
}
