// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FptLearners;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.substrate.torch.Products;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** FPT heads on a real program: alone and among others they end with the same bits. */
class FusedTrainingTest {
    private record Example(Observation observation, Target target) {
        AdmittedObservation admitted(FptLearner learner) {
            return learner.snapshot().encoder().admit(observation);
        }
    }

    /** A head and what it learns from. */
    private record Course(HeadSpec spec, List<Example> examples) {}

    private static LearningSpec.Fpt learning(Set<Part> parts, int minibatch, int updates) {
        return LearningSpec.Fpt.builder(parts)
                .learningRate(5e-3)
                .weightDecay(0.01)
                .minibatch(minibatch)
                .warmupSteps(2)
                .halfLifeSteps(40)
                .labelSmoothing(0.05)
                .updatesPerExample(updates)
                .replayCapacity(updates > 1 ? 20 : 0)
                .metricWindow(32)
                .build();
    }

    private static HeadSpec spec(String id, ModalitySpec modality, Task task, Pooling pooling, LearningSpec learning) {
        return new HeadSpec(
                new HeadName("tests", id), modality, task, new EncoderSpec(pooling, 64, false), learning, id.length());
    }

    /** Images, short and long symbol sequences, rows, windows, texts; minibatches of 1 to 5. */
    private static List<Course> courses(int rounds) {
        Random random = new Random(4);
        Set<Part> all = EnumSet.allOf(Part.class);
        List<Course> courses = new ArrayList<>();
        Task digits = new Task.Classification(List.of(), 3);
        ModalitySpec image = new ModalitySpec.Image(6, 4, 1, 2);
        courses.add(course(
                spec("image", image, digits, Pooling.CONCATENATE, learning(all, 3, 2)),
                rounds,
                () -> new Example(
                        new Observation.RawImage(bytes(random, 24)), new Target.Label("d" + random.nextInt(3)))));
        ModalitySpec bits = new ModalitySpec.Tokens(2, 8, 1);
        Task perToken = new Task.TokenClassification(List.of("0", "1"), 2);
        courses.add(course(spec("bits", bits, perToken, Pooling.PER_TOKEN, learning(all, 1, 1)), rounds, () -> {
            int[] symbols = random.ints(1 + random.nextInt(8), 0, 2).toArray();
            List<String> labels = new ArrayList<>();
            for (int symbol : symbols) {
                labels.add(random.nextInt(3) == 0 ? "" : Integer.toString(1 - symbol));
            }
            return new Example(new Observation.Symbols(symbols), new Target.TokenLabels(labels));
        }));
        ModalitySpec rows = new ModalitySpec.Tensor(5, 12);
        Task sets = new Task.TokenMultiLabel(List.of("l7"), 20);
        courses.add(course(spec("sets", rows, sets, Pooling.PER_TOKEN, learning(all, 2, 2)), rounds, () -> {
            int tokens = 1 + random.nextInt(12);
            List<String> labels = IntStream.range(0, 20).mapToObj(c -> "l" + c).toList();
            List<Target.TokenSet> truths = new ArrayList<>();
            for (int t = 0; t < tokens; t++) {
                boolean unknown = random.nextInt(3) == 0;
                truths.add(new Target.TokenSet(
                        unknown,
                        IntStream.range(0, unknown ? 0 : 20)
                                .filter(c -> random.nextBoolean())
                                .toArray()));
            }
            return new Example(
                    new Observation.Tensor(floats(random, 5 * tokens), 5), new Target.TokenLabelSets(labels, truths));
        }));
        ModalitySpec dna = new ModalitySpec.Tokens(4, 30, 1);
        courses.add(course(
                spec("dna", dna, digits, Pooling.MEAN, learning(Set.of(Part.NORMS), 5, 1)),
                rounds,
                () -> new Example(
                        new Observation.Symbols(random.ints(30, 0, 4).toArray()),
                        new Target.Label("d" + random.nextInt(2)))));
        ModalitySpec series = new ModalitySpec.Series(2, 6, 2, true);
        courses.add(course(
                spec("series", series, new Task.Forecast(1, 2), Pooling.LAST, learning(all, 2, 1)),
                rounds,
                () -> new Example(
                        new Observation.Series(floats(random, 12), 2), new Target.Values(floats(random, 2)))));
        ModalitySpec text = new ModalitySpec.Text(12);
        courses.add(course(
                spec("text", text, digits, Pooling.FIRST, learning(Set.of(Part.POSITIONS, Part.NORMS), 2, 1)),
                rounds,
                () -> new Example(
                        new Observation.Text("one two " + random.nextInt(9)),
                        new Target.Label("d" + random.nextInt(2)))));
        return courses;
    }

    private static Course course(HeadSpec spec, int rounds, java.util.function.Supplier<Example> next) {
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < rounds; n++) {
            examples.add(next.get());
        }
        return new Course(spec, examples);
    }

    private static byte[] bytes(Random random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static float[] floats(Random random, int count) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = (float) random.nextGaussian();
        }
        return floats;
    }

    /** At the default substrate's widths: which rows a kernel sums alike is a matter of widths. */
    @ParameterizedTest
    @EnumSource(
            value = Products.class,
            names = {"PACKED_F32", "PLAIN_F32"})
    void headsEndWithTheSameBitsAloneAndAmongOthers(Products products) {
        identical(Fixtures.ONE_BLOCK, products, 20);
    }

    private static void identical(BertShape shape, Products products, int rounds) {
        BertWeights weights = Scaled.by(4, BertWeights.random(shape, 3));
        try (BertProgram program = Fixtures.program(weights, products)) {
            BertSubstrate substrate = substrate(program);
            List<Course> courses = courses(rounds);
            List<FptLearner> together = new ArrayList<>();
            for (Course course : courses) {
                together.add(learner(substrate, course.spec()));
            }
            FusedStep fused = new FusedStep(substrate);
            for (int n = 0; n < rounds; n++) {
                for (int h = 0; h < together.size(); h++) {
                    Example example = courses.get(h).examples().get(n);
                    assertThat(together.get(h).accept(1, example.admitted(together.get(h)), example.target(), null))
                            .isNull();
                }
                List<FptLearner> due = due(together);
                while (!due.isEmpty()) {
                    assertThat(fused.run(due).aborted()).isEmpty();
                    due = due(together);
                }
            }
            for (int h = 0; h < courses.size(); h++) {
                FptLearner alone = learner(substrate, courses.get(h).spec());
                for (Example example : courses.get(h).examples()) {
                    alone.accept(1, example.admitted(alone), example.target(), null);
                    while (alone.updateDue()) {
                        assertThat(fused.run(List.of(alone)).aborted()).isEmpty();
                    }
                }
                String id = courses.get(h).spec().name().head();
                assertThat(together.get(h).failure()).as(id).isNull();
                assertThat(together.get(h).metrics()).as(id).isEqualTo(alone.metrics());
                assertThat(alone.metrics().updates()).as(id).isPositive();
                for (Example probe : courses.get(h).examples()) {
                    assertThat(describe(predict(substrate, together.get(h), probe.observation())))
                            .as(id)
                            .isEqualTo(describe(predict(substrate, alone, probe.observation())));
                }
            }
        }
    }

    private static List<FptLearner> due(List<FptLearner> learners) {
        return learners.stream().filter(FptLearner::updateDue).toList();
    }

    private static BertSubstrate substrate(BertProgram program) {
        NormBank own = Fixtures.bank(new SplittableRandom(1), 1, program.shape());
        return Fixtures.substrate(program, own);
    }

    private static FptLearner learner(BertSubstrate substrate, HeadSpec spec) {
        Encoders encoders = new Encoders(substrate.info(), substrate.tokenizer());
        return new FptLearners(substrate).create(spec, encoders.reader(spec.modality()), (unused, scored) -> {
            throw new IllegalStateException("no companion was requested");
        });
    }

    private static Prediction predict(BertSubstrate substrate, FptLearner learner, Observation observation) {
        ObservationEncoder encoder = learner.snapshot().encoder();
        ObservationEncoder.Encoded encoded = encoder.encode(encoder.admit(observation));
        HiddenStates hidden =
                substrate.forward(List.of(encoded.input()), NormBank.of(List.of(encoder.norms())), new int[1]);
        return learner.snapshot().predict(encoder.features(encoded, hidden, 0), 3);
    }

    /** Scores as their raw bits. */
    private static String describe(Prediction prediction) {
        if (prediction instanceof Prediction.Values values) {
            return Arrays.toString(values.values());
        }
        if (prediction instanceof Prediction.TokenLabelSets sets) {
            StringBuilder text = new StringBuilder(sets.labels().toString());
            for (Prediction.TokenSet token : sets.tokens()) {
                text.append(Arrays.toString(token.indices()))
                        .append(Arrays.toString(token.scored()))
                        .append(Arrays.toString(token.scores()));
            }
            return text.toString();
        }
        return prediction.toString();
    }
}
