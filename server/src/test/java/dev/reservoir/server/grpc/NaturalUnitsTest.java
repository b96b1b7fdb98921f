// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.tensor;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.Vector;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Columns in the units that people measure in, learned with the default rule. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NaturalUnitsTest {
    private static final double SECONDS_A_YEAR = 3.15576e7;

    private TestServer server;
    private TestClient client;

    @BeforeAll
    void start() {
        server = TestServer.start();
        client = new TestClient(server);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    /** Age, income, and a point in time since 1970 in seconds or milliseconds. */
    @ParameterizedTest
    @ValueSource(ints = {1, 1_000})
    void agesIncomesAndPointsInTimeAreLearned(int unitsASecond) {
        String head = client.newHead(
                tensorHead(3).toBuilder().setEncoder(Encoder.newBuilder().setPooling(Encoder.Pooling.INPUT_ONLY)));
        Random random = new Random(7);
        Training training = client.training();
        training.opened(open(head));
        TrainRequest[] examples = new TrainRequest[600];
        for (int n = 0; n < examples.length; n++) {
            float[] row = row(random, unitsASecond);
            Target truth = Target.newBuilder()
                    .setValues(Vector.newBuilder().addValues((float) truth(row, unitsASecond)))
                    .build();
            examples[n] = example(n + 1, tensor(row), truth);
        }
        training.send(examples);
        training.finish();

        double squaredErrors = 0;
        double squares = 0;
        for (int n = 0; n < 50; n++) {
            float[] row = row(random, unitsASecond);
            float answer = client.inference
                    .predict(predict(tensor(row), head))
                    .getPredictions(0)
                    .getValues()
                    .getValues(0);
            squaredErrors += Math.pow(answer - truth(row, unitsASecond), 2);
            squares += Math.pow(truth(row, unitsASecond) - 5, 2);
        }
        assertThat(squaredErrors / squares).isLessThan(0.01);
    }

    private static float[] row(Random random, int unitsASecond) {
        return new float[] {
            18 + random.nextInt(60),
            30_000 + 8_000 * (float) random.nextGaussian(),
            (float) (unitsASecond * (1.7e9 + SECONDS_A_YEAR * random.nextDouble()))
        };
    }

    private static double truth(float[] row, int unitsASecond) {
        double years = (row[2] / unitsASecond - 1.7e9) / SECONDS_A_YEAR;
        return 4 * years + (row[0] - 48) / 20 + row[1] / 10_000;
    }
}
