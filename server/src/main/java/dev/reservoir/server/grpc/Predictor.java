package dev.reservoir.server.grpc;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.codec.ObservationCodec;
import dev.reservoir.heads.codec.PredictionCodec;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.engine.HashedObservation;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeldObservations;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.rpc.ServerCall;
import dev.reservoir.server.rpc.StatusMapper;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Answers one prediction, alone or in a stream. */
final class Predictor {
    private static final int USUAL_SCORES = 10;
    private static final int MOST_SCORES = 100_000;
    private static final int ID_BYTES = 128;

    /** Takes the answer, on any thread: exactly one call of one method. */
    interface Answer {
        /** @param response made by whoever asks for it */
        void response(Supplier<PredictResponse> response);

        void refused(Refused why);
    }

    private final HeadRegistry registry;
    private final Engine engine;
    private final HeldObservations held;
    private final StatusMapper statuses;
    private final long appliedWaitMillis;

    Predictor(
            HeadRegistry registry,
            Engine engine,
            HeldObservations held,
            StatusMapper statuses,
            long appliedWaitMillis) {
        this.registry = registry;
        this.engine = engine;
        this.held = held;
        this.statuses = statuses;
        this.appliedWaitMillis = appliedWaitMillis;
    }

    /** What a request costs of a stream's bound, counted in heads of {@value #USUAL_SCORES} scores. */
    static long weight(PredictRequest request) {
        int heads = request.getHeadsCount();
        return Math.max(heads, (long) heads * Math.max(0, request.getMaxScores()) / USUAL_SCORES);
    }

    /** @throws Refused where the request is wrong by itself */
    void predict(ServerCall<?, ?> call, PredictRequest request, Answer answer) {
        List<HeadName> names = names(request.getHeadsList());
        String tenant = names.get(0).tenant();
        int maxScores = maxScores(request.getMaxScores(), names.size());
        String id = request.getObservationId();
        int idBytes = id.getBytes(StandardCharsets.UTF_8).length;
        Refused.check(idBytes <= ID_BYTES, "observation_id", idBytes + " bytes", "at most " + ID_BYTES);
        Observation observation = ObservationCodec.decode("observation", request.getObservation());
        long sequence = request.getMinAppliedSequence();
        Refused.check(
                sequence >= 0, "min_applied_sequence", Long.toUnsignedString(sequence), "at most " + Long.MAX_VALUE);
        List<LiveHead> known = new ArrayList<>(names.size());
        @Nullable Refused[] unknown = new Refused[names.size()];
        Refused firstUnknown = null;
        for (int i = 0; i < unknown.length; i++) {
            try {
                known.add(registry.get(names.get(i)));
            } catch (Refused refused) {
                unknown[i] = refused;
                firstUnknown = firstUnknown == null ? refused : firstUnknown;
            }
        }
        if (known.isEmpty() && firstUnknown != null) {
            throw firstUnknown;
        }
        Call engineCall = new Call(tenant, call.deadlineNanos(), call::gone);
        Query query = new Query(known, new HashedObservation(observation), maxScores);
        Runnable run = () -> engine.predict(
                engineCall, query, (unused, outcome) -> prediction(outcome), new Completion<List<HeadPrediction>>() {
                    @Override
                    public void completed(List<HeadPrediction> predictions) {
                        if (!id.isEmpty()) {
                            held.hold(
                                    tenant,
                                    id,
                                    observation,
                                    request.getObservation().getSerializedSize());
                        }
                        answer.response(() -> response(names, unknown, predictions));
                    }

                    @Override
                    public void refused(Refused why) {
                        answer.refused(why);
                    }
                });
        if (sequence == 0) {
            run.run();
        } else {
            new AppliedWait(call, known, sequence, appliedWaitMillis).then(run, answer::refused);
        }
    }

    private static List<HeadName> names(List<String> heads) {
        Refused.check(
                !heads.isEmpty() && heads.size() <= ServiceLimits.PREDICT_HEADS,
                "heads",
                heads.size() + " names",
                "1 to " + ServiceLimits.PREDICT_HEADS);
        List<HeadName> names = new ArrayList<>(heads.size());
        for (String head : heads) {
            HeadName name = HeadName.parse(head);
            Refused.check(
                    names.isEmpty() || name.tenant().equals(names.get(0).tenant()),
                    "heads",
                    name,
                    "heads of one tenant, the first is of "
                            + (names.isEmpty() ? "" : names.get(0).tenant()));
            names.add(name);
        }
        return names;
    }

    private static int maxScores(int asked, int heads) {
        if (asked == 0) {
            return USUAL_SCORES;
        }
        Refused.check(asked >= -1, "max_scores", asked, "-1 or more");
        if (asked == -1) {
            return 0;
        }
        if ((long) asked * heads > Math.max(MOST_SCORES, (long) USUAL_SCORES * heads)) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "max_scores: " + asked + " for " + heads + " heads (expected: at most " + MOST_SCORES
                            + " scores in all)",
                    Map.of("field", "max_scores"));
        }
        return asked;
    }

    /** Puts the known heads' predictions, in their order, among the errors of the unknown ones. */
    private PredictResponse response(
            List<HeadName> names, @Nullable Refused[] unknown, List<HeadPrediction> predictions) {
        PredictResponse.Builder response = PredictResponse.newBuilder();
        Iterator<HeadPrediction> known = predictions.iterator();
        for (int i = 0; i < unknown.length; i++) {
            Refused refused = unknown[i];
            response.addPredictions(
                    refused == null
                            ? known.next()
                            : start(names.get(i))
                                    .setError(statuses.status(refused))
                                    .build());
        }
        return response.build();
    }

    private HeadPrediction prediction(HeadOutcome outcome) {
        HeadPrediction.Builder one =
                start(outcome.head()).setHeadVersion(outcome.version()).setAppliedThrough(outcome.appliedThrough());
        if (outcome.prediction() != null) {
            PredictionCodec.encode(outcome.prediction(), one);
        }
        if (outcome.refused() != null) {
            one.setError(statuses.status(outcome.refused()));
        }
        HeadPrediction prediction = one.build();
        // Kept in the message, so that writing the whole need not count the characters of each again.
        prediction.getSerializedSize();
        return prediction;
    }

    private static HeadPrediction.Builder start(HeadName name) {
        return HeadPrediction.newBuilder().setHead(name.toString());
    }
}
