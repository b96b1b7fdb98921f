// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Observation;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.engine.Engine.Query;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A prediction is charged for the answers of its heads, so that tenants share a lane by what they ask of it and not by
 * the number of their requests.
 */
@Timeout(60)
class FanOutFairnessTest extends EngineFixture {
    private static final int HEADS = 10_000;
    private static final int FAN_OUTS = 4;
    private static final int SINGLES = 5_000;
    private static final Observation.Text ONE = new Observation.Text("one");

    @Test
    void aTenantsFanOutsOverTenThousandHeadsDoNotStarveAnothersSinglePredictions() throws Exception {
        BatchPolicy policy = BatchPolicy.usual(1)
                .batchItems(1)
                .lightServing(0)
                .maxQueued(SINGLES + FAN_OUTS + 1, SINGLES + FAN_OUTS + 1)
                .build();
        // The clock stands still, so that nothing but the prices decides.
        Engine engine = engine(policy, Runnable::run, () -> 0);
        List<LiveHead> many = new ArrayList<>();
        for (int i = 0; i < HEADS - 2; i++) {
            many.add(head("fan", "h" + i));
        }
        LiveHead one = head("single", "h");
        LiveHead first = head("first", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.blockUntil(release);
        Answer<List<HeadOutcome>> blocking = new Answer<>();
        predict(engine, call("first"), first, ONE, blocking);
        substrate.awaitPass();

        List<String> served = Collections.synchronizedList(new ArrayList<>());
        List<Answer<List<HeadOutcome>>> answers = new ArrayList<>();
        for (int i = 0; i < FAN_OUTS; i++) {
            answers.add(submit(engine, many, served));
        }
        for (int i = 0; i < SINGLES; i++) {
            answers.add(submit(engine, List.of(one), served));
        }
        release.countDown();
        for (Answer<List<HeadOutcome>> answer : answers) {
            answer.get();
        }

        assertThat(served).hasSize(FAN_OUTS + SINGLES);
        assertThat(served.indexOf("single")).isLessThanOrEqualTo(1);
        // One fan-out costs more than all the single predictions together, so none follows before their end.
        assertThat(served.subList(0, SINGLES + 1).stream().filter("fan"::equals))
                .hasSizeLessThanOrEqualTo(1);
    }

    /** Predicts with heads of one tenant, and notes the tenant when it is answered. */
    private static Answer<List<HeadOutcome>> submit(Engine engine, List<LiveHead> heads, List<String> served) {
        String tenant = heads.get(0).name().tenant();
        Answer<List<HeadOutcome>> answer = new Answer<>() {
            @Override
            public void completed(List<HeadOutcome> result) {
                served.add(tenant);
                super.completed(result);
            }
        };
        engine.predict(
                call(tenant), new Query(heads, new HashedObservation(ONE), 1), (index, outcome) -> outcome, answer);
        return answer;
    }
}
