// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.readout.Learners;
import dev.reservoir.heads.train.FptLearners;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An observation is checked and decoded once for all heads that read it alike, and they answer and learn as if each had
 * decoded it.
 */
@Timeout(60)
class SharedDecodingTest extends EngineFixture {
    private static final ModalitySpec PICTURES = new ModalitySpec.Image(8, 8, 1, 4);
    private static final int HEADS = 300;

    /** The reader of a modality; counts what it admits and decodes. */
    private final class CountingReader implements ObservationReader {
        private final ObservationReader reader =
                factory.encoders().lease(PICTURES, MEAN).encoder().reader();
        private final AtomicInteger admitted = new AtomicInteger();
        private final AtomicInteger decoded = new AtomicInteger();

        @Override
        public int rowWidth() {
            return reader.rowWidth();
        }

        @Override
        public int maxRows() {
            return reader.maxRows();
        }

        @Override
        public double rowNorm() {
            return reader.rowNorm();
        }

        @Override
        public AdmittedObservation admit(Observation observation) {
            admitted.incrementAndGet();
            return new AdmittedObservation(
                    this, observation, reader.admit(observation).tokens());
        }

        @Override
        public ObservationRows read(Observation observation) {
            decoded.incrementAndGet();
            return reader.read(observation);
        }
    }

    private final CountingReader counting = new CountingReader();
    private final Learners readouts = new Learners();
    private final HeadRegistry heads = new HeadRegistry(
            spec -> new FptLearners(substrate)
                    .create(
                            spec,
                            counting,
                            (baseline, scored) -> readouts.create(
                                    baseline,
                                    factory.encoders().lease(baseline.modality(), baseline.encoder()),
                                    scored)),
            HEADS,
            () -> Instant.EPOCH);

    @AfterEach
    void closeHeads() {
        engines.forEach(Engine::close);
        heads.close();
        readouts.close();
    }

    /** A head whose initial projection depends on its seed, so that each answers in its own way. */
    private LiveHead head(int i) {
        LearningSpec learning = LearningSpec.Fpt.builder(EnumSet.allOf(Part.class))
                .learningRate(1e-2)
                .minibatch(1)
                .metricWindow(64)
                .build();
        Task task = new Task.Classification(List.of("dark", "light"), 2);
        EncoderSpec mean = new EncoderSpec(Pooling.MEAN, 64, false);
        return heads.create(new HeadSpec(new HeadName("a", "h" + i), PICTURES, task, mean, learning, i), "");
    }

    private static Observation picture(long seed) {
        byte[] samples = new byte[64];
        new SplittableRandom(seed).nextBytes(samples);
        return new Observation.RawImage(samples);
    }

    private static List<Prediction> answers(List<HeadOutcome> outcomes) {
        return outcomes.stream().map(HeadOutcome::prediction).toList();
    }

    @Test
    void aPictureToHundredsOfHeadsOfTheirOwnEncodersIsDecodedOnce() throws Exception {
        List<LiveHead> all = new ArrayList<>();
        for (int i = 0; i < HEADS; i++) {
            all.add(head(i));
        }
        // Batches of 64 sequences, so the request takes several, on two lanes.
        BatchPolicy policy = BatchPolicy.usual(2).batchItems(64).build();
        Engine engine = new Engine(
                substrate,
                new Engine.Settings(policy, 2, 1 << 20),
                Runnable::run,
                System::nanoTime,
                new dev.reservoir.server.metrics.Metrics());
        engines.add(engine);
        for (int i = 0; i < 20; i++) {
            LiveHead learning = all.get(i);
            Progress progress = new Progress(1);
            train(engine, learning, 1, picture(i), new dev.reservoir.heads.Target.Label("light"), progress);
            progress.await();
        }
        counting.admitted.set(0);
        counting.decoded.set(0);
        List<Prediction> together = answers(predict(engine, all, picture(99)));
        assertThat(counting.admitted).hasValue(1);
        assertThat(counting.decoded).hasValue(1);

        List<Prediction> alone = new ArrayList<>();
        for (LiveHead head : all) {
            alone.addAll(answers(predict(engine, List.of(head), picture(99))));
        }
        assertThat(counting.decoded).hasValue(1 + HEADS);
        // Float by float: records of floats are compared by their bits.
        assertThat(together).isEqualTo(alone);
        assertThat(together.stream().distinct().count()).as("heads that differ").isGreaterThan(10);
    }

    @Test
    void aMalformedObservationIsRefusedOnceForAll() throws Exception {
        List<LiveHead> all = List.of(head(1), head(2), head(3));
        Answer<List<HeadOutcome>> wrong = new Answer<>();
        engine(1, 0)
                .predict(
                        call("a"),
                        new Engine.Query(all, new HashedObservation(new Observation.Text("no picture")), 1),
                        (index, outcome) -> outcome,
                        wrong);
        assertThat(wrong.reason()).isEqualTo(Reason.WRONG_MODALITY);
        assertThat(counting.admitted).hasValue(1);
        assertThat(counting.decoded).hasValue(0);
    }

    @Test
    void headsThatReadAlikeShareAReaderWhateverTheyLearn() {
        HeadSpec frozen = spec("a", "frozen");
        LearningSpec through = LearningSpec.Fpt.builder(EnumSet.of(Part.NORMS))
                .learningRate(1e-2)
                .minibatch(1)
                .metricWindow(64)
                .build();
        LiveHead readout = registry.create(frozen, "");
        LiveHead fpt = registry.create(
                new HeadSpec(new HeadName("a", "fpt"), frozen.modality(), frozen.task(), MEAN, through, 0), "");
        assertThat(fpt.published().snapshot().encoder().reader())
                .isSameAs(readout.published().snapshot().encoder().reader());
    }
}
