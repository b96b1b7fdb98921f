// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;

/**
 * Creates encoders for embeddings on worker threads, because one may take up to a second. Equal requests share one
 * creation, and the number of concurrent creations is bounded. Thread-safe.
 */
final class EncoderCreations {
    private final Vertx vertx;
    private final Encoders encoders;
    private final int most;

    @GuardedBy("this")
    private final Map<Key, Future<ObservationEncoder>> underWay = new HashMap<>();

    /** @param most concurrent creations */
    EncoderCreations(Vertx vertx, Encoders encoders, int most) {
        this.vertx = vertx;
        this.encoders = encoders;
        this.most = most;
    }

    /** @throws Refused OVERLOADED if the maximum number of creations is in progress */
    Future<ObservationEncoder> encoder(ModalitySpec modality, EncoderSpec spec) {
        Key key = new Key(modality, spec);
        Promise<ObservationEncoder> made = Promise.promise();
        synchronized (this) {
            Future<ObservationEncoder> shared = underWay.get(key);
            if (shared != null) {
                return shared;
            }
            if (underWay.size() >= most) {
                throw new Refused(
                        Reason.OVERLOADED,
                        "encoders: " + (underWay.size() + 1) + " to be made at once (expected: at most " + most + ")");
            }
            underWay.put(key, made.future());
        }
        vertx.executeBlocking(() -> encoders.encoder(modality, spec), false).onComplete(result -> {
            synchronized (this) {
                underWay.remove(key);
            }
            if (result.succeeded()) {
                made.complete(result.result());
            } else {
                made.fail(result.cause());
            }
        });
        return made.future();
    }

    private record Key(ModalitySpec modality, EncoderSpec encoder) {}
}
