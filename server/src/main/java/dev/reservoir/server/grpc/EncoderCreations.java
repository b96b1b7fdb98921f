// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Leases encoders for embeddings on worker threads, because making one may take up to a second. Equal requests share
 * one creation and get a lease each; the number of concurrent creations is bounded. Thread-safe.
 */
final class EncoderCreations {
    private final Vertx vertx;
    private final EncoderSource encoders;
    private final int most;

    /** Those who wait for each creation. */
    @GuardedBy("this")
    private final Map<Key, List<Promise<EncoderLease>>> underWay = new HashMap<>();

    /** @param most concurrent creations */
    EncoderCreations(Vertx vertx, EncoderSource encoders, int most) {
        this.vertx = vertx;
        this.encoders = encoders;
        this.most = most;
    }

    /**
     * A lease that the caller must close.
     *
     * @throws Refused OVERLOADED if the maximum number of creations is in progress
     */
    Future<EncoderLease> lease(ModalitySpec modality, EncoderSpec spec) {
        Key key = new Key(modality, spec);
        Promise<EncoderLease> own = Promise.promise();
        synchronized (this) {
            List<Promise<EncoderLease>> waiting = underWay.get(key);
            if (waiting != null) {
                waiting.add(own);
                return own.future();
            }
            if (underWay.size() >= most) {
                throw new Refused(
                        Reason.OVERLOADED,
                        "encoders: " + (underWay.size() + 1) + " to be made at once (expected: at most " + most + ")");
            }
            underWay.put(key, new ArrayList<>(List.of(own)));
        }
        vertx.executeBlocking(() -> encoders.lease(modality, spec), false).onComplete(made -> ended(key, made));
        return own.future();
    }

    private void ended(Key key, AsyncResult<EncoderLease> made) {
        List<Promise<EncoderLease>> waiting;
        synchronized (this) {
            waiting = underWay.remove(key);
        }
        for (Promise<EncoderLease> one : waiting == null ? List.<Promise<EncoderLease>>of() : waiting) {
            if (made.succeeded()) {
                one.complete(made.result().another());
            } else {
                one.fail(made.cause());
            }
        }
        if (made.succeeded()) {
            made.result().close();
        }
    }

    private record Key(ModalitySpec modality, EncoderSpec encoder) {}
}
