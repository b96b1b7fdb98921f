package dev.reservoir.server.grpc;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.codec.EncoderCodec;
import dev.reservoir.heads.codec.ModalityCodec;
import dev.reservoir.heads.codec.ObservationCodec;
import dev.reservoir.heads.codec.PredictionCodec;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.rpc.RequestStream;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.v1.EmbedRequest;
import dev.reservoir.v1.EmbedResponse;
import org.jspecify.annotations.Nullable;

/** Embeds observations of one stream. Making an encoder may take long, so that happens off the event loop; the last one is kept. */
final class EmbedWorker implements RequestStream.Worker<EmbedRequest, EmbedResponse> {
    /** Any task that is not per token: features of one row. */
    private static final Task WHOLE = new Task.Regression(1);

    private final ServerCall<EmbedRequest, EmbedResponse> call;
    private final Engine engine;
    private final Encoders encoders;
    private @Nullable Chosen last;

    EmbedWorker(ServerCall<EmbedRequest, EmbedResponse> call, Engine engine, Encoders encoders) {
        this.call = call;
        this.engine = engine;
        this.encoders = encoders;
    }

    @Override
    public long weight(EmbedRequest request) {
        return 1;
    }

    @Override
    public void answer(EmbedRequest request, RequestStream.Reply<EmbedResponse> reply) {
        Completion<Features> completion = new Answer(request.getId(), reply);
        try {
            String tenant = HeadName.parseParent(request.getParent());
            ModalitySpec modality = ModalityCodec.decode(request.getModality());
            EncoderSpec spec = EncoderCodec.decode(request.getEncoder(), modality, WHOLE);
            Observation observation = ObservationCodec.decode("observation", request.getObservation());
            Chosen known = last;
            if (known != null && known.modality.equals(modality) && known.spec.equals(spec)) {
                embed(tenant, known.encoder, observation, completion);
                return;
            }
            call.calls()
                    .vertx()
                    .executeBlocking(() -> encoders.encoder(modality, spec), false)
                    .onComplete(
                            encoder -> call.runOnContext(() -> {
                                last = new Chosen(modality, spec, encoder);
                                embed(tenant, encoder, observation, completion);
                            }),
                            failure -> {
                                if (failure instanceof Refused refused) {
                                    completion.refused(refused);
                                } else {
                                    call.runOnContext(() -> call.fail(failure));
                                }
                            });
        } catch (Refused refused) {
            completion.refused(refused);
        }
    }

    private void embed(
            String tenant, ObservationEncoder encoder, Observation observation, Completion<Features> completion) {
        try {
            engine.embed(
                    new Call(tenant, call.deadlineNanos(), call::gone),
                    encoder,
                    new HashedObservation(observation),
                    completion);
        } catch (Refused refused) {
            completion.refused(refused);
        }
    }

    private record Chosen(ModalitySpec modality, EncoderSpec spec, ObservationEncoder encoder) {}

    private final class Answer implements Completion<Features> {
        private final long id;
        private final RequestStream.Reply<EmbedResponse> reply;

        Answer(long id, RequestStream.Reply<EmbedResponse> reply) {
            this.id = id;
            this.reply = reply;
        }

        @Override
        public void completed(Features features) {
            reply.ready(() -> EmbedResponse.newBuilder()
                    .setId(id)
                    .setFeatures(PredictionCodec.encode(features))
                    .setTokens(features.tokens())
                    .build());
        }

        @Override
        public void refused(Refused why) {
            reply.ready(() -> EmbedResponse.newBuilder()
                    .setId(id)
                    .setError(call.calls().statuses().status(why))
                    .build());
        }
    }
}
