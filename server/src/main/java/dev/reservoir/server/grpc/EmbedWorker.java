// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.codec.EncoderCodec;
import dev.reservoir.heads.codec.ModalityCodec;
import dev.reservoir.heads.codec.ObservationCodec;
import dev.reservoir.heads.codec.PredictionCodec;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.rpc.RequestStream;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.EmbedRequest;
import dev.reservoir.v1.EmbedResponse;
import java.util.Iterator;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** Embeds observations of one stream, which mostly stays with a few encoders: it keeps those it used last. */
final class EmbedWorker implements RequestStream.Worker<EmbedRequest, EmbedResponse> {
    /** Any task that is not per token: features of one row. */
    private static final Task WHOLE = new Task.Regression(1);

    /** Encoders that a stream keeps between its requests. */
    private static final int KEPT = 8;

    private final ServerCall<EmbedRequest, EmbedResponse> call;
    private final SubstrateService service;

    /** The least recently used first. */
    @GuardedBy("this")
    private final LinkedHashMap<Choice, EncoderLease> kept = new LinkedHashMap<>(16, 0.75f, true);

    @GuardedBy("this")
    private boolean closed;

    EmbedWorker(ServerCall<EmbedRequest, EmbedResponse> call, SubstrateService service) {
        this.call = call;
        this.service = service;
        call.onClosed(this::release);
    }

    @Override
    public long weight(EmbedRequest request) {
        return 1;
    }

    @Override
    public void answer(EmbedRequest request, RequestStream.Reply<EmbedResponse> reply) {
        Answer answer = new Answer(request, reply);
        try {
            String tenant = HeadName.parseParent(request.getParent());
            ModalitySpec modality = ModalityCodec.decode(request.getModality());
            EncoderSpec spec = EncoderCodec.decode(request.getEncoder(), modality, WHOLE);
            Choice choice = new Choice(modality, spec);
            EncoderLease known = known(choice);
            if (known != null) {
                answer.embed(tenant, known);
                return;
            }
            service.creations()
                    .lease(modality, spec)
                    .onComplete(lease -> answer.embed(tenant, keep(choice, lease)), answer::failed);
        } catch (Refused refused) {
            answer.failed(refused);
        }
    }

    /** A lease for one request, or null if the stream does not keep the encoder. */
    private synchronized @Nullable EncoderLease known(Choice choice) {
        EncoderLease lease = kept.get(choice);
        return lease == null ? null : lease.another();
    }

    /** Keeps the lease for later requests of the stream; returns another one for this request. */
    private synchronized EncoderLease keep(Choice choice, EncoderLease lease) {
        EncoderLease own = lease.another();
        EncoderLease replaced = closed ? lease : kept.put(choice, lease);
        if (replaced != null) {
            replaced.close();
        }
        if (kept.size() > KEPT) {
            Iterator<EncoderLease> oldest = kept.values().iterator();
            oldest.next().close();
            oldest.remove();
        }
        return own;
    }

    private synchronized void release() {
        closed = true;
        kept.values().forEach(EncoderLease::close);
        kept.clear();
    }

    private record Choice(ModalitySpec modality, EncoderSpec spec) {}

    private final class Answer implements Completion<Features> {
        private final EmbedRequest request;
        private final RequestStream.Reply<EmbedResponse> reply;
        /** Open until the request is answered. */
        private @Nullable EncoderLease lease;

        Answer(EmbedRequest request, RequestStream.Reply<EmbedResponse> reply) {
            this.request = request;
            this.reply = reply;
        }

        void embed(String tenant, EncoderLease encoder) {
            lease = encoder;
            long bytes = request.getObservation().getSerializedSize();
            Runnable work = () -> {
                try {
                    HashedObservation observation =
                            new HashedObservation(ObservationCodec.decode("observation", request.getObservation()));
                    service.engine().embed(GrpcCaller.engineCall(call, tenant), encoder.encoder(), observation, this);
                } catch (Throwable why) {
                    failed(why);
                }
            };
            try {
                service.workers().run(bytes, work);
            } catch (RuntimeException why) {
                failed(why);
            }
        }

        @Override
        public void completed(Features features) {
            end();
            reply.ready(() -> EmbedResponse.newBuilder()
                    .setId(request.getId())
                    .setFeatures(PredictionCodec.encode(features))
                    .setTokens(features.tokens())
                    .build());
        }

        @Override
        public void refused(Refused why) {
            failed(why);
        }

        private void end() {
            EncoderLease held = lease;
            if (held != null) {
                held.close();
            }
        }

        void failed(Throwable why) {
            end();
            reply.ready(() -> EmbedResponse.newBuilder()
                    .setId(request.getId())
                    .setError(call.calls().statuses().status(why))
                    .build());
        }
    }
}
