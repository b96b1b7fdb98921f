// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.Empty;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.codec.HeadCodec;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.SpecUpdate;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.rpc.Methods;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.ExportHeadRequest;
import dev.reservoir.v1.ExportHeadResponse;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.ListHeadsRequest;
import dev.reservoir.v1.ListHeadsResponse;
import dev.reservoir.v1.UpdateHeadRequest;
import dev.reservoir.v1.WatchHeadRequest;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Which heads exist. */
final class HeadService {
    private static final int MOST_ON_A_PAGE = 1_000;
    /** Clients refuse messages over 4 MiB by default; a page ends before that. */
    private static final int PAGE_BYTES = 3 << 20;

    private static final int REQUEST_ID_CHARACTERS = 64;
    /** Each refers to a snapshot that its head may have replaced long ago. */
    private static final int MOST_EXPORTS = 16;

    private final HeadRegistry registry;
    private final Engine engine;
    private final HeadView view;
    private final int mostCreations;
    private final AtomicInteger creations = new AtomicInteger();
    private final AtomicInteger exports = new AtomicInteger();

    HeadService(HeadRegistry registry, Engine engine, HeadView view, int mostCreations) {
        this.registry = registry;
        this.engine = engine;
        this.view = view;
        this.mostCreations = mostCreations;
    }

    void bind(Methods methods) {
        methods.unary(HeadServiceGrpc.getCreateHeadMethod(), this::create);
        methods.unary(HeadServiceGrpc.getGetHeadMethod(), this::get);
        methods.unary(HeadServiceGrpc.getListHeadsMethod(), this::list);
        methods.unary(HeadServiceGrpc.getUpdateHeadMethod(), this::update);
        methods.unary(HeadServiceGrpc.getDeleteHeadMethod(), this::delete);
        methods.unary(HeadServiceGrpc.getWatchHeadMethod(), this::watch);
        methods.unary(HeadServiceGrpc.getExportHeadMethod(), this::export);
    }

    private void create(ServerCall<CreateHeadRequest, Head> call, CreateHeadRequest request) {
        HeadName name = new HeadName(HeadName.parseParent(request.getParent()), request.getHeadId());
        String requestId = request.getRequestId();
        Refused.check(
                requestId.length() <= REQUEST_ID_CHARACTERS,
                "request_id",
                requestId.length() + " characters",
                "at most " + REQUEST_ID_CHARACTERS);
        Refused.check(request.hasHead(), "head", "nothing", "a specification");
        HeadSpec spec = HeadCodec.decode(name, request.getHead());
        int most = mostCreations;
        if (creations.incrementAndGet() > most) {
            creations.decrementAndGet();
            throw new Refused(
                    Reason.OVERLOADED, "creations: more than " + most + " under way (expected: at most " + most + ")");
        }
        call.calls()
                .vertx()
                .executeBlocking(
                        () -> {
                            try {
                                if (call.gone()) {
                                    throw new Refused(Reason.CANCELLED, "call: cancelled before its work began");
                                }
                                return view.of(registry.create(spec, requestId));
                            } finally {
                                creations.decrementAndGet();
                            }
                        },
                        false)
                .onComplete(
                        head -> call.runOnContext(() -> call.endWith(head)),
                        failure -> call.runOnContext(() -> call.fail(failure)));
    }

    private void get(ServerCall<GetHeadRequest, Head> call, GetHeadRequest request) {
        call.endWith(view.of(registry.get(HeadName.parse(request.getName()))));
    }

    private void list(ServerCall<ListHeadsRequest, ListHeadsResponse> call, ListHeadsRequest request) {
        String tenant = HeadName.parseParent(request.getParent());
        int requested = request.getPageSize();
        Refused.check(requested >= 0, "page_size", requested, "0 to " + MOST_ON_A_PAGE);
        int size = requested == 0 ? 100 : Math.min(requested, MOST_ON_A_PAGE);
        List<LiveHead> heads = registry.list(tenant, PageToken.lastHead(tenant, request.getPageToken()), size + 1);
        ListHeadsResponse.Builder page = ListHeadsResponse.newBuilder();
        int bytes = 0;
        for (LiveHead live : heads) {
            Head head = view.of(live);
            bytes += head.getSerializedSize();
            if (page.getHeadsCount() == size || (bytes > PAGE_BYTES && page.getHeadsCount() > 0)) {
                String last = heads.get(page.getHeadsCount() - 1).name().head();
                page.setNextPageToken(PageToken.of(tenant, last));
                break;
            }
            page.addHeads(head);
        }
        call.endWith(page.build());
    }

    private void update(ServerCall<UpdateHeadRequest, Head> call, UpdateHeadRequest request) {
        LiveHead head = registry.get(HeadName.parse(request.getHead().getName()));
        SpecUpdate change =
                (spec, labels) -> UpdateMask.apply(spec, labels, request.getHead(), request.getUpdateMask());
        engine.update(head, change, new Completion<>() {
            @Override
            public void completed(HeadVersion published) {
                call.runOnContext(() -> call.endWith(view.of(head, published)));
            }

            @Override
            public void refused(Refused why) {
                call.runOnContext(() -> call.fail(why));
            }
        });
    }

    private void delete(ServerCall<DeleteHeadRequest, Empty> call, DeleteHeadRequest request) {
        HeadName name = HeadName.parse(request.getName());
        try {
            registry.delete(name);
        } catch (Refused refused) {
            if (refused.reason() != Reason.HEAD_NOT_FOUND || !request.getAllowMissing()) {
                throw refused;
            }
        }
        call.endWith(Empty.getDefaultInstance());
    }

    private void watch(ServerCall<WatchHeadRequest, Head> call, WatchHeadRequest request) {
        int requested = request.getIntervalMillis();
        int interval = requested == 0 ? 1_000 : Refused.checkRange("interval_millis", requested, 50, 60_000);
        new HeadWatch(call, view, registry.get(HeadName.parse(request.getName())), interval).start();
    }

    private void export(ServerCall<ExportHeadRequest, ExportHeadResponse> call, ExportHeadRequest request) {
        LiveHead head = registry.get(HeadName.parse(request.getName()));
        int most = MOST_EXPORTS;
        if (exports.incrementAndGet() > most) {
            exports.decrementAndGet();
            throw new Refused(
                    Reason.OVERLOADED, "exports: more than " + most + " under way (expected: at most " + most + ")");
        }
        call.onClosed(exports::decrementAndGet);
        new HeadExport(call, view, head).start();
    }
}
