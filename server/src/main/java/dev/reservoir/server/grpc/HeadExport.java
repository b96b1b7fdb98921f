// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.util.JsonFormat;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.file.HeadFile;
import dev.reservoir.heads.file.SafetensorsOutput;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.ExportHeadRequest;
import dev.reservoir.v1.ExportHeadResponse;
import dev.reservoir.v1.ExportedHead;
import dev.reservoir.v1.ExportedHead.Served;
import dev.reservoir.v1.Head;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Sends the snapshot that was current when the call arrived, chunk by chunk and only while the client reads. */
final class HeadExport {
    /** The transport buffers 16 messages of a stream that is not read, whatever their size. */
    private static final int PIECE_BYTES = 64 << 10;

    private final ServerCall<ExportHeadRequest, ExportHeadResponse> call;
    private final ExportHeadResponse first;
    private final SafetensorsOutput file;
    private boolean waiting;

    HeadExport(ServerCall<ExportHeadRequest, ExportHeadResponse> call, HeadView view, LiveHead live) {
        this.call = call;
        HeadVersion published = live.published();
        Head head = view.of(live, published);
        Served served = served(published);
        file = HeadFile.of(published.spec(), published.snapshot(), origin(view, head, served));
        first = ExportHeadResponse.newBuilder()
                .setExported(ExportedHead.newBuilder()
                        .setHead(head)
                        .setFormat(HeadFile.FORMAT)
                        .setFileBytes(file.size())
                        .setServed(served))
                .build();
    }

    void start() {
        call.write(first);
        call.onWritable(this::goOn);
        goOn();
    }

    /** Sends one chunk per turn of the event loop, so that other calls progress in between. */
    private void goOn() {
        if (!waiting) {
            waiting = true;
            call.runOnContext(() -> {
                waiting = false;
                send();
            });
        }
    }

    private void send() {
        if (!call.writable()) {
            return;
        }
        byte[] piece = file.next(PIECE_BYTES);
        if (piece.length == 0) {
            call.end();
            return;
        }
        call.write(ExportHeadResponse.newBuilder()
                .setChunk(UnsafeByteOperations.unsafeWrap(piece))
                .build());
        goOn();
    }

    private static Served served(HeadVersion published) {
        if (!(published.spec().learning() instanceof LearningSpec.Fpt)) {
            return Served.READOUT;
        }
        return published.snapshot().isFrozenBaseline() ? Served.COMPANION : Served.FPT;
    }

    private static Map<String, String> origin(HeadView view, Head head, Served served) {
        Map<String, String> origin = new LinkedHashMap<>();
        try {
            origin.put(
                    "head",
                    JsonFormat.printer().omittingInsignificantWhitespace().print(head));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
        origin.put("served", served.name().toLowerCase(Locale.ROOT));
        origin.put("substrate", head.getSubstrate());
        origin.put("substrate_digest", head.getSubstrateDigest());
        origin.put("substrate_precision", view.substrate().numerics().precision());
        return origin;
    }
}
