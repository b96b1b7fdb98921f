// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.server.registry.LiveHead;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Minibatches of FPT heads whose pass fails: every example is refused by its number or learned. */
@Timeout(60)
class FptUpdateFailureTest extends EngineFixture {
    private LiveHead fptHead(String id, int minibatch) {
        LearningSpec learning = LearningSpec.Fpt.builder(Set.of(Part.NORMS, Part.POSITIONS))
                .minibatch(minibatch)
                .metricWindow(64)
                .build();
        return registry.create(
                new HeadSpec(new HeadName("a", id), TEXT, new Task.Classification(List.of(), 8), MEAN, learning, 0),
                "");
    }

    private static void trainAll(Engine engine, LiveHead head, int from, int to, Progress listener) {
        for (int sequence = from; sequence <= to; sequence++) {
            train(engine, head, sequence, new Observation.Text("one " + sequence), new Target.Label("x"), listener);
        }
    }

    @Test
    void everyExampleOfAMinibatchThatCannotBePassedIsRefusedByItsNumber() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = fptHead("h", 4);
        Progress earlier = new Progress(2);
        trainAll(engine, head, 1, 2, earlier);
        earlier.await();
        assertThat(earlier.refusals).isEmpty();
        substrate.fail(1);
        Progress later = new Progress(2);
        trainAll(engine, head, 3, 4, later);
        later.await();
        assertThat(later.refusals)
                .extracting(TrainingListener.Refusal::sequence)
                .containsExactly(1L, 2L, 3L, 4L);
        assertThat(later.refusals).extracting(refusal -> refusal.why().reason()).containsOnly(Reason.INTERNAL);
        assertThat(head.published().metrics().refused()).isEqualTo(4);
        assertThat(head.published().metrics().examples()).isZero();
        assertThat(head.published().snapshot().labels()).isEmpty();
        Progress next = new Progress(4);
        trainAll(engine, head, 5, 8, next);
        next.await();
        assertThat(next.refusals).isEmpty();
        assertThat(head.published().metrics().examples()).isEqualTo(4);
        assertThat(head.published().appliedThrough()).isEqualTo(8);
    }

    @Test
    void everyTaskOfAHeadThatLearnsInStepsCountsAsPartOfAStep() {
        LiveHead head = fptHead("h", 4);
        Progress unused = new Progress(0);
        Refused why = new Refused(Reason.WRONG_TARGET, "target");
        assertThat(new TrainingTask.Refusal(head, 1, why, unused, 0).stepItems())
                .isEqualTo(4);
        assertThat(new TrainingTask.Refusal(head("a", "readout"), 1, why, unused, 0).stepItems())
                .isZero();
    }
}
