// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
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
import org.jspecify.annotations.Nullable;

/** Embeds observations of one stream. The last encoder is kept, as a stream mostly stays with one. */
final class EmbedWorker implements RequestStream.Worker<EmbedRequest, EmbedResponse> {
    /** Any task that is not per token: features of one row. */
    private static final Task WHOLE = new Task.Regression(1);

    private final ServerCall<EmbedRequest, EmbedResponse> call;
    private final SubstrateService service;
    private @Nullable Chosen last;

    EmbedWorker(ServerCall<EmbedRequest, EmbedResponse> call, SubstrateService service) {
        this.call = call;
        this.service = service;
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
            Chosen known = last;
            if (known != null && known.modality.equals(modality) && known.spec.equals(spec)) {
                answer.embed(tenant, known.encoder);
                return;
            }
            service.creations()
                    .encoder(modality, spec)
                    .onComplete(
                            encoder -> call.runOnContext(() -> {
                                last = new Chosen(modality, spec, encoder);
                                answer.embed(tenant, encoder);
                            }),
                            answer::failed);
        } catch (Refused refused) {
            answer.failed(refused);
        }
    }

    private record Chosen(ModalitySpec modality, EncoderSpec spec, ObservationEncoder encoder) {}

    private final class Answer implements Completion<Features> {
        private final EmbedRequest request;
        private final RequestStream.Reply<EmbedResponse> reply;

        Answer(EmbedRequest request, RequestStream.Reply<EmbedResponse> reply) {
            this.request = request;
            this.reply = reply;
        }

        void embed(String tenant, ObservationEncoder encoder) {
            long bytes = request.getObservation().getSerializedSize();
            service.workers().run(bytes, () -> {
                try {
                    HashedObservation observation =
                            new HashedObservation(ObservationCodec.decode("observation", request.getObservation()));
                    service.engine().embed(GrpcCaller.engineCall(call, tenant), encoder, observation, this);
                } catch (Throwable why) {
                    failed(why);
                }
            });
        }

        @Override
        public void completed(Features features) {
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

        void failed(Throwable why) {
            reply.ready(() -> EmbedResponse.newBuilder()
                    .setId(request.getId())
                    .setError(call.calls().statuses().status(why))
                    .build());
        }
    }
}
