// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EngineTest extends EngineFixture {
    @Test
    void aPredictionSeesWhatWasAcknowledged() throws Exception {
        Engine engine = engine(2, 0);
        LiveHead head = head("a", "h");
        SplittableRandom random = new SplittableRandom(1);
        Progress progress = new Progress(200);
        for (int i = 1; i <= 200; i++) {
            Observation.Text text = text(random);
            train(engine, head, i, text, label(text), progress);
        }
        progress.await();
        HeadOutcome outcome = predict(engine, List.of(head), new Observation.Text("one two three"))
                .get(0);
        assertThat(outcome.version().appliedThrough()).isEqualTo(200);
        assertThat(((Prediction.Label) outcome.prediction()).label()).isEqualTo("with");
    }

    @Test
    void oneObservationToManyHeadsIsReadOnce() throws Exception {
        Engine engine = engine(2, 0);
        List<LiveHead> heads = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            heads.add(head("a", "h" + i));
        }
        List<HeadOutcome> outcomes = predict(engine, heads, new Observation.Text("one two"));
        assertThat(outcomes)
                .extracting(HeadOutcome::head)
                .containsExactlyElementsOf(heads.stream().map(LiveHead::name).toList());
        assertThat(substrate.sequences()).isEqualTo(1);
    }

    @Test
    void aKnownObservationIsNotReadAgainButNotSharedBetweenTenants() throws Exception {
        Engine engine = engine(1, 1 << 20);
        LiveHead first = head("a", "first");
        LiveHead second = head("a", "second");
        LiveHead foreign = head("b", "foreign");
        predict(engine, List.of(first), new Observation.Text("one two"));
        predict(engine, List.of(second), new Observation.Text("one two"));
        assertThat(substrate.sequences()).isEqualTo(1);
        predict(engine, List.of(foreign), new Observation.Text("one two"));
        assertThat(substrate.sequences()).isEqualTo(2);
        assertThat(engine.status().featureCacheBytes()).isPositive();
    }

    /**
     * Random histories of learning and predicting give the same answers with a small cache, a large one and none, bit
     * for bit.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void cachedAndUncachedAnswersAreEqual(long seed) throws Exception {
        List<List<Object>> histories = new ArrayList<>();
        for (long cacheBytes : new long[] {0, 2_000, 1 << 20}) {
            histories.add(history(engine(2, cacheBytes), "c" + cacheBytes, seed));
        }
        assertThat(histories.get(1)).isEqualTo(histories.get(0));
        assertThat(histories.get(2)).isEqualTo(histories.get(0));
    }

    private List<Object> history(Engine engine, String tenant, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        List<LiveHead> heads = List.of(head(tenant, "x"), head(tenant, "y"), head(tenant, "z"));
        long[] sequences = new long[heads.size()];
        List<Object> answers = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            Observation.Text text = text(random);
            if (random.nextInt(3) > 0) {
                int index = random.nextInt(heads.size());
                Progress progress = new Progress(1);
                train(engine, heads.get(index), ++sequences[index], text, label(text), progress);
                progress.await();
            } else {
                predict(engine, heads, text)
                        .forEach(outcome -> answers.add(List.of(
                                outcome.version().version(), ((Prediction.Label) outcome.prediction()).scores())));
            }
        }
        return answers;
    }

    /** What heads learn over several lanes, mixed with refusals, is what a learner alone learns from the same order. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void headsLearnInOrderWhateverElseRuns(int lanes) throws Exception {
        Engine engine = engine(lanes, 1 << 20);
        SplittableRandom random = new SplittableRandom(3);
        List<LiveHead> heads = new ArrayList<>();
        List<FeatureLearner> alone = new ArrayList<>();
        List<Progress> progresses = new ArrayList<>();
        int each = 150;
        for (int h = 0; h < 6; h++) {
            heads.add(head("t" + h % 3, "h" + h));
            HeadSpec own = spec("alone" + h, "h" + h);
            alone.add((FeatureLearner) factory.create(own));
            progresses.add(new Progress(each));
        }
        for (int i = 1; i <= each; i++) {
            for (int h = 0; h < heads.size(); h++) {
                Observation.Text text = random.nextInt(10) == 0 ? new Observation.Text(" ") : text(random);
                train(engine, heads.get(h), i, text, label(text), progresses.get(h));
                if (!text.text().isBlank()) {
                    alone.get(h).learn(List.of(new FeatureLearner.Item(features(text), label(text))));
                }
            }
        }
        for (int h = 0; h < heads.size(); h++) {
            progresses.get(h).await();
            HeadVersion published = heads.get(h).published();
            assertThat(published.appliedThrough()).isEqualTo(each);
            assertThat(published.metrics().refused())
                    .isEqualTo(progresses.get(h).refusals.size())
                    .isPositive();
            for (int i = 0; i < 20; i++) {
                Features probe = features(text(random));
                assertThat(published.snapshot().predict(probe, 8))
                        .isEqualTo(alone.get(h).snapshot().predict(probe, 8));
            }
            alone.get(h).close();
        }
    }

    private Features features(Observation.Text text) {
        ObservationEncoder encoder = factory.encoders().lease(TEXT, MEAN).encoder();
        ObservationEncoder.Encoded encoded = encoder.encode(encoder.admit(text));
        SubstrateInput input = encoded.input();
        assertThat(input).isNotNull();
        return encoder.features(encoded, new MixingSubstrate().forward(List.of(input)), 0);
    }
}
