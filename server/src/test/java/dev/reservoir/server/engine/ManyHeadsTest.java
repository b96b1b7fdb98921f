// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Task;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ManyHeadsTest extends EngineFixture {
    @Test
    void aPredictionByTenThousandHeadsOfTheirOwnEncodersIsAnsweredByAll() throws Exception {
        LearningSpec learning = LearningSpec.Fpt.builder(Set.of(Part.NORMS))
                .minibatch(1)
                .metricWindow(64)
                .build();
        List<LiveHead> heads = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            heads.add(registry.create(
                    new HeadSpec(
                            new HeadName("a", "h" + i), TEXT, new Task.Classification(List.of(), 8), MEAN, learning, i),
                    ""));
        }
        Engine engine = engine(BatchPolicy.usual(2).build(), Runnable::run, System::nanoTime);
        assertThat(predict(engine, heads, new Observation.Text("one two")))
                .hasSize(10_000)
                .extracting(HeadOutcome::refused)
                .containsOnlyNulls();
    }
}
