// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.v1.AudioModality;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Forecast;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.MultiLabel;
import dev.reservoir.v1.Regression;
import dev.reservoir.v1.SeriesModality;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.TokenClassification;
import dev.reservoir.v1.TokenMultiLabel;
import dev.reservoir.v1.TokensModality;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HeadCodecTest {
    private static final HeadName NAME = new HeadName("acme", "mood");

    private static Head head(Modality.Builder modality, dev.reservoir.v1.Task.Builder task) {
        return Head.newBuilder().setModality(modality).setTask(task).build();
    }

    private static dev.reservoir.v1.Task.Builder labels() {
        return dev.reservoir.v1.Task.newBuilder().setClassification(Classification.getDefaultInstance());
    }

    private static Modality.Builder text() {
        return Modality.newBuilder().setText(TextModality.getDefaultInstance());
    }

    /** The defaults that head.proto documents, each with what must be given. */
    static Stream<Arguments> defaults() {
        return Stream.of(
                Arguments.of(text(), new ModalitySpec.Text(128)),
                Arguments.of(
                        Modality.newBuilder()
                                .setImage(
                                        ImageModality.newBuilder().setWidth(28).setHeight(8)),
                        new ModalitySpec.Image(28, 8, 1, 4)),
                Arguments.of(
                        Modality.newBuilder().setAudio(AudioModality.getDefaultInstance()),
                        new ModalitySpec.Audio(16_000, 1_000, 40, 2)),
                Arguments.of(
                        Modality.newBuilder()
                                .setSeries(SeriesModality.newBuilder()
                                        .setChannels(3)
                                        .setWindow(12)),
                        new ModalitySpec.Series(3, 12, 1, true)),
                Arguments.of(
                        Modality.newBuilder()
                                .setTokens(TokensModality.newBuilder()
                                        .setVocabulary(4)
                                        .setMaxLength(60)),
                        new ModalitySpec.Tokens(4, 60, 1)),
                Arguments.of(
                        Modality.newBuilder()
                                .setTensor(TensorModality.newBuilder().setWidth(9)),
                        new ModalitySpec.Tensor(9, 1)));
    }

    @ParameterizedTest
    @MethodSource("defaults")
    void unsetFieldsOfAModalityGetTheirDefaults(Modality.Builder modality, ModalitySpec expected) {
        HeadSpec spec = HeadCodec.decode(NAME, head(modality, labels()));

        assertThat(spec.name()).isEqualTo(NAME);
        assertThat(spec.modality()).isEqualTo(expected);
        assertThat(spec.task()).isEqualTo(new Task.Classification(List.of(), 64));
        boolean flat = !(expected instanceof ModalitySpec.Text || expected instanceof ModalitySpec.Tensor);
        assertThat(spec.encoder().pooling()).isEqualTo(flat ? Pooling.FLATTEN : Pooling.MEAN);
        assertThat(spec.encoder().featureWidth()).isEqualTo(2_048);
        assertThat(spec.learning()).isInstanceOfSatisfying(LearningSpec.RecursiveLeastSquares.class, rule -> {
            assertThat(rule.forgetting()).isEqualTo(1);
            assertThat(rule.ridge()).isPositive();
            assertThat(rule.metricWindow()).isEqualTo(256);
        });
        assertThat(spec.seed()).isZero();
    }

    @Test
    void unsetFieldsOfTasksAndRulesGetTheirDefaults() {
        assertThat(TaskCodec.decode(
                        task().setRegression(Regression.getDefaultInstance()).build(), new ModalitySpec.Text(8)))
                .isEqualTo(new Task.Regression(1));
        assertThat(TaskCodec.decode(
                        task().setForecast(Forecast.getDefaultInstance()).build(),
                        new ModalitySpec.Series(3, 8, 1, true)))
                .isEqualTo(new Task.Forecast(1, 3));
        List<String> many = IntStream.range(0, 100).mapToObj(i -> "l" + i).toList();
        assertThat(TaskCodec.decode(
                        task().setMultiLabel(MultiLabel.newBuilder().addAllLabels(many))
                                .build(),
                        new ModalitySpec.Text(8)))
                .isEqualTo(new Task.MultiLabel(many, 100));
        Learning gradient =
                Learning.newBuilder().setGradient(Gradient.getDefaultInstance()).build();
        assertThat(LearningCodec.decode(
                        gradient,
                        new ModalitySpec.Text(8),
                        new Task.Regression(1),
                        new EncoderSpec(Pooling.MEAN, 2_048, false)))
                .isEqualTo(new LearningSpec.Gradient(1e-2, 0, 1, 256));
    }

    private static dev.reservoir.v1.Task.Builder task() {
        return dev.reservoir.v1.Task.newBuilder();
    }

    @Test
    void taskPerTokenReadsEachTokenAndAllowsNoPooling() {
        Modality.Builder tokens = Modality.newBuilder()
                .setTokens(TokensModality.newBuilder().setVocabulary(4).setMaxLength(8));
        for (dev.reservoir.v1.Task.Builder each : List.of(
                task().setTokenClassification(TokenClassification.getDefaultInstance()),
                task().setTokenMultiLabel(TokenMultiLabel.getDefaultInstance()))) {
            HeadSpec spec = HeadCodec.decode(NAME, head(tokens, each));
            assertThat(spec.encoder().pooling()).isEqualTo(Pooling.PER_TOKEN);
            assertThat(((Task.Labelled) spec.task()).maxLabels()).isEqualTo(64);
            for (Head.Kind kind : List.of(Head.Kind.READOUT, Head.Kind.FPT)) {
                for (Encoder.Pooling pooling : List.of(Encoder.Pooling.INPUT_ONLY, Encoder.Pooling.MEAN)) {
                    Head requested = head(tokens, each).toBuilder()
                            .setKind(kind)
                            .setEncoder(Encoder.newBuilder().setPooling(pooling))
                            .build();
                    assertThatThrownBy(() -> HeadCodec.decode(NAME, requested))
                            .isInstanceOf(Refused.class)
                            .hasMessageStartingWith("encoder.pooling: " + pooling + " (expected: none for task token_");
                }
            }
        }
    }

    @Test
    void everySpecificationRoundTrips() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 2_000; i++) {
            HeadSpec spec = specification(random);
            assertThat(HeadCodec.decode(NAME, HeadCodec.encode(spec).build())).isEqualTo(spec);
        }
    }

    private static HeadSpec specification(SplittableRandom random) {
        ModalitySpec[] modalities = {
            new ModalitySpec.Text(4 + random.nextInt(500)),
            new ModalitySpec.Image(8 * (1 + random.nextInt(4)), 8, random.nextBoolean() ? 1 : 3, 8),
            new ModalitySpec.Audio(8_000, 100 + random.nextInt(900), 8 + random.nextInt(100), 1 + random.nextInt(16)),
            new ModalitySpec.Series(1 + random.nextInt(9), 12, 1 + random.nextInt(4), random.nextBoolean()),
            new ModalitySpec.Tokens(2 + random.nextInt(99), 1 + random.nextInt(99), 1),
            new ModalitySpec.Tensor(1 + random.nextInt(99), 1 + random.nextInt(99))
        };
        ModalitySpec modality = modalities[random.nextInt(modalities.length)];
        List<String> labels =
                IntStream.range(0, random.nextInt(5)).mapToObj(l -> "l" + l).toList();
        int most = 5 + random.nextInt(9);
        Task task = switch (random.nextInt(5)) {
            case 0 -> new Task.Classification(labels, most);
            case 1 -> new Task.MultiLabel(labels, most);
            case 2 ->
                modality instanceof ModalitySpec.Series series
                        ? new Task.Forecast(1 + random.nextInt(9), series.channels())
                        : new Task.Regression(1 + random.nextInt(9));
            case 3 ->
                modality instanceof ModalitySpec.Tokens || modality instanceof ModalitySpec.Tensor
                        ? random.nextBoolean()
                                ? new Task.TokenClassification(labels, most)
                                : new Task.TokenMultiLabel(labels, most)
                        : new Task.Regression(7);
            default -> new Task.Regression(1 + random.nextInt(9));
        };
        Pooling[] poolings = {Pooling.MEAN, Pooling.LAST, Pooling.FIRST, Pooling.FLATTEN, Pooling.INPUT_ONLY};
        Pooling pooling = task instanceof Task.PerToken ? Pooling.PER_TOKEN : poolings[random.nextInt(poolings.length)];
        EncoderSpec encoder = new EncoderSpec(pooling, 16 + random.nextInt(99), random.nextBoolean());
        LearningSpec learning = random.nextBoolean()
                ? new LearningSpec.RecursiveLeastSquares(random.nextDouble(0.1, 9), random.nextDouble(0.6, 1), 9)
                : new LearningSpec.Gradient(random.nextDouble(1e-4, 1), random.nextDouble(), 1 + random.nextInt(9), 7);
        if (random.nextInt(3) == 0) {
            return throughSubstrate(random, modality, task, encoder, learning);
        }
        return new HeadSpec(NAME, modality, task, encoder, learning, random.nextLong());
    }

    /** @param learning of the companion, if it is least squares */
    private static HeadSpec throughSubstrate(
            SplittableRandom random, ModalitySpec modality, Task task, EncoderSpec frozen, LearningSpec learning) {
        Set<LearningSpec.Part> parts = EnumSet.noneOf(LearningSpec.Part.class);
        for (LearningSpec.Part part : LearningSpec.Part.values()) {
            if (random.nextBoolean() && !(part == LearningSpec.Part.INPUT && modality instanceof ModalitySpec.Text)) {
                parts.add(part);
            }
        }
        Pooling[] poolings = {Pooling.MEAN, Pooling.LAST, Pooling.FIRST, Pooling.CONCATENATE};
        Pooling pooling = task instanceof Task.PerToken ? Pooling.PER_TOKEN : poolings[random.nextInt(poolings.length)];
        int minibatch = 1 + random.nextInt(Math.min(200, LearningSpec.Fpt.STEP_TOKENS / modality.maxTokens()));
        int updates = 1 + random.nextInt(3);
        LearningSpec.Fpt fpt = LearningSpec.Fpt.builder(parts)
                .learningRate(random.nextDouble(1e-5, 1))
                .innerRate(random.nextDouble(1e-5, 10))
                .weightDecay(random.nextDouble())
                .minibatch(minibatch)
                .warmupSteps(random.nextInt(1_000))
                .halfLifeSteps(random.nextInt(1_000))
                .clipNorm(random.nextDouble(0.1, 10))
                .labelSmoothing(random.nextDouble(0.5))
                .updatesPerExample(updates)
                .replayCapacity(updates == 1 ? random.nextInt(2) * 300 : 200 + random.nextInt(900))
                .companion(
                        learning instanceof LearningSpec.RecursiveLeastSquares squares
                                ? new LearningSpec.Fpt.Companion(frozen, squares)
                                : null)
                .metricWindow(9)
                .build();
        return new HeadSpec(NAME, modality, task, new EncoderSpec(pooling, 64, false), fpt, random.nextLong());
    }

    static Stream<Arguments> wrong() {
        Head good = head(text(), labels());
        return Stream.of(
                Arguments.of("modality", good.toBuilder().clearModality()),
                Arguments.of("modality", good.toBuilder().setModality(Modality.getDefaultInstance())),
                Arguments.of("task", good.toBuilder().clearTask()),
                Arguments.of("task", good.toBuilder().setTask(task())),
                Arguments.of("kind", good.toBuilder().setKindValue(99)),
                Arguments.of(
                        "encoder.pooling",
                        good.toBuilder().setEncoder(Encoder.newBuilder().setPoolingValue(99))),
                Arguments.of(
                        "encoder.input_skip",
                        good.toBuilder().setEncoder(Encoder.newBuilder().setInputSkipValue(99))),
                Arguments.of(
                        "encoder.feature_width",
                        good.toBuilder().setEncoder(Encoder.newBuilder().setFeatureWidth(8))),
                Arguments.of(
                        "modality.series.normalization",
                        good.toBuilder()
                                .setModality(Modality.newBuilder()
                                        .setSeries(SeriesModality.newBuilder()
                                                .setChannels(1)
                                                .setWindow(4)
                                                .setNormalizationValue(99)))),
                Arguments.of(
                        "learning.gradient.learning_rate",
                        good.toBuilder()
                                .setLearning(Learning.newBuilder()
                                        .setGradient(Gradient.newBuilder().setLearningRate(Double.NaN)))),
                Arguments.of(
                        "task.token_multi_label",
                        good.toBuilder().setTask(task().setTokenMultiLabel(TokenMultiLabel.getDefaultInstance()))),
                Arguments.of(
                        "task.token_multi_label.max_labels",
                        good.toBuilder()
                                .setModality(Modality.newBuilder()
                                        .setTensor(TensorModality.newBuilder()
                                                .setWidth(1)
                                                .setMaxRows(128)))
                                .setTask(task().setTokenMultiLabel(
                                                TokenMultiLabel.newBuilder().setMaxLabels(513)))),
                Arguments.of(
                        "task.classification.labels",
                        good.toBuilder()
                                .setTask(task().setClassification(Classification.newBuilder()
                                        .addLabels("a")
                                        .addLabels("a")))));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void missingAndUnknownFieldsAreRefusedByTheirPath(String field, Head.Builder head) {
        assertThatThrownBy(() -> HeadCodec.decode(NAME, head.build()))
                .isInstanceOfSatisfying(Refused.class, refused -> {
                    assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD);
                    assertThat(refused.metadata()).isEqualTo(Map.of("field", field));
                    assertThat(refused.getMessage()).startsWith(field + ": ").contains("(expected: ");
                });
    }
}
