// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Subscription;
import dev.reservoir.server.rpc.Calls;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.WatchHeadRequest;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Sends a head's state now and after each change: only the newest one, at most once per interval, and only while the
 * client reads.
 */
final class HeadWatch {
    private final ServerCall<WatchHeadRequest, Head> call;
    private final HeadView view;
    private final LiveHead head;
    private final int intervalMillis;
    private final AtomicBoolean wakeUpPending = new AtomicBoolean();
    private long sentVersion = -1;
    private boolean resting;

    HeadWatch(ServerCall<WatchHeadRequest, Head> call, HeadView view, LiveHead head, int intervalMillis) {
        this.call = call;
        this.view = view;
        this.head = head;
        this.intervalMillis = intervalMillis;
    }

    void start() {
        Subscription subscription = head.watch(this::changed);
        call.onClosed(subscription::end);
        call.onStop(() -> call.fail(Calls.stoppingNow()));
        call.onWritable(this::send);
        send();
    }

    /** Called by the publishing thread; at most one wake-up is pending at a time. */
    private void changed() {
        if (wakeUpPending.compareAndSet(false, true)) {
            call.runOnContext(() -> {
                wakeUpPending.set(false);
                send();
            });
        }
    }

    private void send() {
        if (head.deleted()) {
            call.fail(HeadRegistry.notFound(head.name()));
            return;
        }
        HeadVersion now = head.published();
        if (resting || now.version() == sentVersion || !call.writable()) {
            return;
        }
        sentVersion = now.version();
        resting = true;
        call.write(view.of(head, now));
        call.after(intervalMillis, () -> {
            resting = false;
            send();
        });
    }
}
