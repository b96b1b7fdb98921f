// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.v1.Audio;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.Metrics;
import dev.reservoir.v1.TokenLabelSetPrediction;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Observations, targets, predictions and metrics. */
class ExampleCodecTest {
    private static final float[] ODD = {Float.MAX_VALUE, -0f, Float.MIN_VALUE, 1e9f, Float.NEGATIVE_INFINITY};

    static Stream<Observation> observations() {
        return Stream.of(
                new Observation.Text("naïve 😀"),
                new Observation.Text(""),
                new Observation.EncodedImage(new byte[] {-1, 0, 1}),
                new Observation.RawImage(new byte[0]),
                new Observation.WaveAudio(new byte[] {1, 2}),
                new Observation.PcmAudio(new byte[] {3, 4}),
                new Observation.Series(ODD, 5),
                new Observation.Tensor(new float[0], -1),
                new Observation.Symbols(new int[] {0, -1, Integer.MAX_VALUE}));
    }

    @ParameterizedTest
    @MethodSource("observations")
    void observationsRoundTrip(Observation observation) throws Exception {
        byte[] wire = ObservationCodec.encode(observation).toByteArray();

        Observation back = ObservationCodec.decode("here", dev.reservoir.v1.Observation.parseFrom(wire));

        assertThat(back).usingRecursiveComparison().isEqualTo(observation);
        assertThat(back.getClass()).isEqualTo(observation.getClass());
    }

    static Stream<Target> targets() {
        return Stream.of(
                new Target.Label("a"),
                new Target.LabelSet(Set.of()),
                new Target.LabelSet(Set.of("b", "a")),
                new Target.Values(ODD),
                new Target.TokenLabels(List.of("a", "", "a")),
                new Target.TokenLabelSets(
                        List.of("b", "a", "b"),
                        List.of(
                                new Target.TokenSet(true, new int[0]),
                                new Target.TokenSet(false, new int[0]),
                                new Target.TokenSet(true, new int[] {2, 0, 2, -1}))));
    }

    @ParameterizedTest
    @MethodSource("targets")
    void targetsRoundTrip(Target target) throws Exception {
        byte[] wire = TargetCodec.encode(target).toByteArray();

        Target back = TargetCodec.decode("here", dev.reservoir.v1.Target.parseFrom(wire));

        assertThat(back).usingRecursiveComparison().isEqualTo(target);
        assertThat(back.getClass()).isEqualTo(target.getClass());
    }

    @Test
    void missingObservationsAndTargetsAreRefusedByTheirPath() {
        dev.reservoir.v1.Observation.Builder nothing = dev.reservoir.v1.Observation.newBuilder();
        assertRefused("o", () -> ObservationCodec.decode("o", nothing.build()));
        assertRefused(
                "o.image",
                () -> ObservationCodec.decode(
                        "o", nothing.setImage(Image.getDefaultInstance()).build()));
        assertRefused(
                "o.audio",
                () -> ObservationCodec.decode(
                        "o", nothing.setAudio(Audio.getDefaultInstance()).build()));
        assertRefused("t", () -> TargetCodec.decode("t", dev.reservoir.v1.Target.getDefaultInstance()));
    }

    private static void assertRefused(String field, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD);
            assertThat(refused.metadata()).isEqualTo(Map.of("field", field));
        });
    }

    @Test
    void predictionsKeepTheirOrder() {
        List<Prediction.Scored> scores = List.of(new Prediction.Scored("b", 0.7f), new Prediction.Scored("a", 0.2f));

        HeadPrediction label = encoded(new Prediction.Label("b", scores));
        assertThat(label.getLabel().getLabel()).isEqualTo("b");
        assertThat(label.getLabel().getScoresList().stream().map(score -> score.getLabel() + score.getScore()))
                .containsExactly("b0.7", "a0.2");
        HeadPrediction set = encoded(new Prediction.LabelSet(List.of("b"), scores));
        assertThat(set.getLabels().getLabelsList()).containsExactly("b");
        assertThat(set.getLabels().getScoresCount()).isEqualTo(2);
        assertThat(encoded(new Prediction.Values(new float[] {3, 1, 2}))
                        .getValues()
                        .getValuesList())
                .containsExactly(3f, 1f, 2f);
        assertThat(encoded(new Prediction.TokenLabels(List.of("x", "y", "x")))
                        .getTokenLabels()
                        .getLabelsList())
                .containsExactly("x", "y", "x");
        TokenLabelSetsPrediction sets = encoded(new Prediction.TokenLabelSets(
                        List.of("b", "a"),
                        List.of(
                                new Prediction.TokenSet(new int[] {0, 1}, new int[] {1, 0}, new float[] {0.9f, 0.6f}),
                                new Prediction.TokenSet(new int[0], new int[0], new float[0]))))
                .getTokenLabelSets();
        assertThat(sets.getLabelsList()).containsExactly("b", "a");
        assertThat(sets.getTokensCount()).isEqualTo(2);
        assertThat(sets.getTokens(0).getIndicesList()).containsExactly(0, 1);
        assertThat(sets.getTokens(0).getScoredIndicesList()).containsExactly(1, 0);
        assertThat(sets.getTokens(0).getScoresList()).containsExactly(0.9f, 0.6f);
        assertThat(sets.getTokens(1)).isEqualTo(TokenLabelSetPrediction.getDefaultInstance());
        assertThat(PredictionCodec.encode(new Features(new float[] {1, 2, 3, 4}, 2, 7, null))
                        .getValuesList())
                .containsExactly(1f, 2f, 3f, 4f);
    }

    private static HeadPrediction encoded(Prediction prediction) {
        HeadPrediction.Builder builder = HeadPrediction.newBuilder();
        PredictionCodec.encode(prediction, builder);
        return builder.build();
    }

    @Test
    void everyMetricGetsItsOwnField() {
        Metrics metrics = MetricsCodec.encode(new HeadMetrics(
                1, 2, 3, new HeadMetrics.Score(4, 5, 6, 7, 8), new HeadMetrics.Score(9, 10, 11, 12, 13)));

        assertThat(metrics.getExamples()).isEqualTo(1);
        assertThat(metrics.getUpdates()).isEqualTo(2);
        assertThat(metrics.getRefused()).isEqualTo(3);
        assertThat(metrics.getWindowed().getCount()).isEqualTo(4);
        assertThat(metrics.getWindowed().getAccuracy()).isEqualTo(5);
        assertThat(metrics.getWindowed().getMeanAbsoluteError()).isEqualTo(6);
        assertThat(metrics.getWindowed().getRootMeanSquaredError()).isEqualTo(7);
        assertThat(metrics.getWindowed().getLoss()).isEqualTo(8);
        assertThat(metrics.getTotal().getCount()).isEqualTo(9);
        assertThat(metrics.getTotal().getLoss()).isEqualTo(13);
    }
}
