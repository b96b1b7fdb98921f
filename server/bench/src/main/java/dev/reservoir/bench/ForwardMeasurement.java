package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.substrate.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** {@code forward}: a pass of the substrate over {@code sequences} of {@code tokens}, from ids to hidden states in Java's memory. */
final class ForwardMeasurement implements Measurement {
    private static final int FIRST_WORD = 1_000;

    private final Subject subject;

    ForwardMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int sequences = request.integer("sequences", 1, 1_024);
        int tokens = request.integer("tokens", 1, 512);
        int millis = request.integer("millis", 1, 60_000);
        Substrate substrate =
                subject.substrate(Precision.of(request.text("precision"))).substrate();
        SubstrateInfo info = substrate.info();
        List<SubstrateInput> inputs = new ArrayList<>();
        for (int[] ids : ids(sequences, tokens, info.vocabulary())) {
            inputs.add(new SubstrateInput.TokenIds(ids));
        }
        long nanos = new Repetition(subject.clock()).medianNanosOf(millis, () -> substrate.forward(inputs));
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", nanos);
        answer.addProperty("flops", flops(info, sequences, tokens));
        return answer;
    }

    /** Sequences of words, the same each time. */
    static int[][] ids(int sequences, int tokens, int vocabulary) {
        SplittableRandom random = new SplittableRandom(7);
        int[][] ids = new int[sequences][tokens];
        for (int[] sequence : ids) {
            for (int t = 0; t < tokens; t++) {
                sequence[t] = random.nextInt(FIRST_WORD, vocabulary);
            }
        }
        return ids;
    }

    /** Multiplications and additions of the matrix products of a pass, attention's included, nothing else. */
    static double flops(SubstrateInfo info, int sequences, int tokens) {
        double rows = (double) sequences * tokens;
        double frozen = 2 * rows * info.width() * (4.0 * info.width() + 2.0 * info.feedForwardWidth());
        double attention = 4 * rows * tokens * info.width();
        return info.layers() * (frozen + attention);
    }
}
