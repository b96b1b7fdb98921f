package dev.reservoir.loadtest.demo;

import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.CurvePoint;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A task's head and its control, in one run. */
final class Contender {
    /** Answers given while learning are scored in this many stretches of the training. */
    private static final int STRETCHES = 8;

    /** A stretch with fewer answers is too noisy to show. */
    private static final int LEAST_ANSWERS = 20;

    private final Workload workload;
    private final Learning head;
    private final Learning control;
    private final List<Tally> served =
            Stream.generate(Tally::new).limit(STRETCHES).toList();

    Contender(Workload workload, String tenant, Timekeeper time) {
        this.workload = workload;
        String name = "tenants/" + tenant + "/heads/" + workload.id();
        int total = workload.train().size();
        this.head = new Learning(name, workload.higherIsBetter(), total, time);
        this.control = new Learning(name + "-control", workload.higherIsBetter(), total, time);
    }

    Workload workload() {
        return workload;
    }

    Learning head() {
        return head;
    }

    Learning control() {
        return control;
    }

    /** Scores an answer that the head gave while it learned. */
    void answered(Target truth, HeadPrediction answer) {
        long stretch = answer.getAppliedThrough() * STRETCHES / Math.max(1, head.total());
        served.get((int) Math.min(stretch, STRETCHES - 1)).add(truth, answer);
    }

    /** The scores of answers given while learning, each at the middle of its stretch. */
    List<CurvePoint> servedCurve() {
        List<CurvePoint> points = new ArrayList<>();
        for (int i = 0; i < STRETCHES; i++) {
            Tally tally = served.get(i);
            if (tally.count() >= LEAST_ANSWERS) {
                points.add(new CurvePoint((2L * i + 1) * head.total() / (2 * STRETCHES), tally.score()));
            }
        }
        return points;
    }

    String modality() {
        return words(workload.spec().getModality().getKindCase().name());
    }

    String task() {
        return words(workload.spec().getTask().getKindCase().name());
    }

    private static String words(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
