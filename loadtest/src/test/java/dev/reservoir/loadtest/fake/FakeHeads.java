// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.Empty;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The fake's heads and {@code HeadService}. Thread-safe: whoever reads or trains a head that was found here holds this
 * object's lock meanwhile.
 */
final class FakeHeads extends HeadServiceGrpc.HeadServiceImplBase {
    @GuardedBy("this")
    private final Map<String, FakeHead> heads = new TreeMap<>();

    @GuardedBy("this")
    private final List<String> created = new ArrayList<>();

    @GuardedBy("this")
    private final List<String> deleted = new ArrayList<>();

    synchronized @Nullable FakeHead find(String name) {
        return heads.get(name);
    }

    synchronized void add(String name, Head spec) {
        heads.put(name, new FakeHead(spec.toBuilder().setName(name).build()));
    }

    synchronized Set<String> names() {
        return Set.copyOf(heads.keySet());
    }

    synchronized List<String> createdNames() {
        return List.copyOf(created);
    }

    synchronized List<String> deletedNames() {
        return List.copyOf(deleted);
    }

    synchronized long applied(String name) {
        FakeHead found = heads.get(name);
        return found == null ? 0 : found.applied;
    }

    @Override
    public void createHead(CreateHeadRequest request, StreamObserver<Head> reply) {
        String name = request.getParent() + "/heads/" + request.getHeadId();
        synchronized (this) {
            if (heads.containsKey(name)) {
                reply.onError(FakeStatus.failure(Status.Code.ALREADY_EXISTS, "HEAD_EXISTS", name + " exists"));
                return;
            }
            add(name, request.getHead());
            created.add(name);
        }
        reply.onNext(request.getHead().toBuilder().setName(name).build());
        reply.onCompleted();
    }

    @Override
    public void deleteHead(DeleteHeadRequest request, StreamObserver<Empty> reply) {
        synchronized (this) {
            heads.remove(request.getName());
            deleted.add(request.getName());
        }
        reply.onNext(Empty.getDefaultInstance());
        reply.onCompleted();
    }
}
