package dev.reservoir.loadtest.workload;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import java.util.List;

/**
 * One task with its data.
 *
 * @param id last part of the head's name: 1 to 55 characters of a-z, 0-9 and `-`, starting with a letter
 * @param title what the task is, in a few words
 * @param spec modality, task, encoder and learning; no name
 * @param metric {@code accuracy} (0 to 1, higher is better) or {@code mae} (mean absolute error, lower is better)
 * @param train examples to learn from, in their order, without sequence numbers
 * @param test examples never trained on
 * @param baseline what answering without looking scores on {@code test}
 * @param baselineName how the baseline answers, for example {@code majority} or {@code persistence}
 * @param source where the data come from, and their licence
 */
public record Workload(
        String id,
        String title,
        Head spec,
        String metric,
        List<Example> train,
        List<Example> test,
        double baseline,
        String baselineName,
        String source) {

    public Workload {
        if (!id.matches("[a-z][a-z0-9-]{0,54}")) {
            throw new IllegalArgumentException(
                    "id: " + id + " (expected: 1 to 55 of a-z, 0-9 and -, starting with a letter)");
        }
        if (!metric.equals("accuracy") && !metric.equals("mae")) {
            throw new IllegalArgumentException("metric: " + metric + " (expected: accuracy or mae)");
        }
        train = List.copyOf(train);
        test = List.copyOf(test);
        if (train.isEmpty() || test.isEmpty()) {
            throw new IllegalArgumentException("examples of " + id + ": " + train.size() + " to train on, "
                    + test.size() + " to test on (expected: at least one of each)");
        }
    }

    public boolean higherIsBetter() {
        return metric.equals("accuracy");
    }

    /** The same learner on the raw input alone: what the task scores without the substrate. */
    public Head controlSpec() {
        return spec.toBuilder()
                .setEncoder(spec.getEncoder().toBuilder().setPooling(Encoder.Pooling.INPUT_ONLY))
                .build();
    }
}
