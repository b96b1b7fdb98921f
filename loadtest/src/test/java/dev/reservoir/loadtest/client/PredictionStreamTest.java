// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.loadtest.fake.FakeReservoir;
import dev.reservoir.loadtest.fake.StandIns;
import dev.reservoir.loadtest.workload.Workload;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.PredictResponse;
import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PredictionStreamTest {
    private static final String HEAD = "tenants/t/heads/fruit";
    private static final long LIMIT = 20;

    private final Workload workload = StandIns.fruit();
    private final FakeReservoir fake;
    private final ReservoirClient client;

    PredictionStreamTest() throws IOException {
        fake = new FakeReservoir();
        client = ReservoirClient.connect(fake.target(), Duration.ofSeconds(LIMIT));
    }

    @BeforeEach
    void train() throws Exception {
        fake.createHead(HEAD, workload.spec());
        client.train(HEAD, 0, ExampleSource.of(workload.train()), progress -> {})
                .completion()
                .get(LIMIT, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() {
        client.close();
        fake.close();
    }

    @Test
    void givesEachRequestItsOwnAnswer() throws Exception {
        PredictionStream stream = client.predictions();
        List<CompletableFuture<PredictResponse>> replies = new ArrayList<>();
        workload.test().forEach(example -> replies.add(stream.predict(request(HEAD, example.getObservation()))));

        for (int i = 0; i < replies.size(); i++) {
            PredictResponse reply = replies.get(i).get(LIMIT, TimeUnit.SECONDS);
            assertThat(reply.getPredictions(0).getLabel().getLabel())
                    .isEqualTo(workload.test().get(i).getTarget().getLabel());
        }
        stream.finish().get(LIMIT, TimeUnit.SECONDS);
        assertThat(stream.inFlight()).isZero();
    }

    @Test
    void anErrorOfOneRequestLeavesTheStreamOpen() throws Exception {
        PredictionStream stream = client.predictions();
        fake.faults().failPredictions();
        CompletableFuture<PredictResponse> first = stream.predict(request(HEAD, Observation.getDefaultInstance()));
        CompletableFuture<PredictResponse> second = stream.predict(request(HEAD, Observation.getDefaultInstance()));

        assertThat(failureOf(first).reason()).isEqualTo("OVERLOADED");
        assertThat(failureOf(second).code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        stream.finish().get(LIMIT, TimeUnit.SECONDS);
    }

    @Test
    void theEndOfTheStreamFailsEveryOpenAndEveryLaterRequest() {
        PredictionStream stream = client.predictions();
        fake.faults().dropPredictionStreams();
        CompletableFuture<PredictResponse> first = stream.predict(request(HEAD, Observation.getDefaultInstance()));
        assertThat(failureOf(first)).hasMessageContaining("UNAVAILABLE (SHUTTING_DOWN): stopped by the test");

        CompletableFuture<PredictResponse> later = stream.predict(request(HEAD, Observation.getDefaultInstance()));

        assertThat(failureOf(later).reason()).isEqualTo("SHUTTING_DOWN");
        assertThat(stream.inFlight()).isZero();
    }

    @Test
    void refusesRequestsAfterItsOwnEnd() throws Exception {
        PredictionStream stream = client.predictions();
        stream.finish().get(LIMIT, TimeUnit.SECONDS);

        assertThat(failureOf(stream.predict(request(HEAD, Observation.getDefaultInstance()))))
                .hasMessageContaining("the stream is closed");
    }

    @Test
    void closingFailsPendingRequests() {
        PredictionStream stream = client.predictions();
        fake.close();
        CompletableFuture<PredictResponse> open = stream.predict(request(HEAD, Observation.getDefaultInstance()));
        stream.close();

        assertThat(failureOf(open)).hasMessageStartingWith("predicting at " + fake.target());
    }

    @Test
    void refusesAMalformedTarget() {
        for (String wrong : List.of("localhost", "localhost:", ":80", "localhost:0", "localhost:65536", "a:b")) {
            assertThatThrownBy(() -> ReservoirClient.connect(wrong, Duration.ofSeconds(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("target: " + wrong + " (expected: host:port, port 1 to 65535)");
        }
    }

    private static PredictRequest request(String head, Observation observation) {
        return PredictRequest.newBuilder()
                .addHeads(head)
                .setObservation(observation)
                .build();
    }

    private static CallFailure failureOf(CompletableFuture<PredictResponse> reply) {
        try {
            throw new AssertionError("answered: " + reply.get(LIMIT, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return CallFailure.of("not a call failure", Objects.requireNonNull(e.getCause()));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
