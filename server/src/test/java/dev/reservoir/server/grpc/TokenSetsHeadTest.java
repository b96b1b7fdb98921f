// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.example;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.open;
import static dev.reservoir.server.grpc.Messages.predict;
import static dev.reservoir.server.grpc.Messages.update;
import static dev.reservoir.server.grpc.RowHeads.fast;
import static dev.reservoir.server.grpc.RowHeads.rows;
import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.LabelSequence;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Metrics;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Progress;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Refusal;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TensorModality;
import dev.reservoir.v1.TextModality;
import dev.reservoir.v1.TokenLabelSet;
import dev.reservoir.v1.TokenLabelSetPrediction;
import dev.reservoir.v1.TokenLabelSets;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import dev.reservoir.v1.TokenMultiLabel;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Heads that answer with a set of labels per token, over a socket. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenSetsHeadTest {
    private static final List<String> BITS = List.of("x", "y", "z");

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

    private static Head.Builder head(TokenMultiLabel.Builder task, Learning.Builder learning) {
        return RowHeads.head(Task.newBuilder().setTokenMultiLabel(task), learning);
    }

    private static TokenLabelSet has(Integer... indices) {
        return TokenLabelSet.newBuilder().addAllIndices(List.of(indices)).build();
    }

    private static Target sets(List<String> labels, TokenLabelSet... tokens) {
        return Target.newBuilder()
                .setTokenLabelSets(
                        TokenLabelSets.newBuilder().addAllLabels(labels).addAllTokens(List.of(tokens)))
                .build();
    }

    static Stream<Learning.Builder> rules() {
        return Stream.of(
                Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()),
                Learning.newBuilder().setGradient(Gradient.newBuilder().setLearningRate(0.05)),
                Learning.newBuilder().setFpt(fast(4)));
    }

    /** Label n applies if number n of the row is positive; the truth of the first row is unknown. */
    @ParameterizedTest
    @MethodSource("rules")
    void aHeadLearnsSetsFromAStreamAndAnswersThem(Learning.Builder rule) {
        String id = client.newHead(head(TokenMultiLabel.newBuilder().addLabels("z"), rule));
        Random random = new Random(1);
        Training training = client.training();
        training.opened(open(id));
        for (int n = 1; n <= 600; n++) {
            float[] values = new float[9];
            for (int i = 0; i < 9; i++) {
                values[i] = random.nextBoolean() ? 1 : -1;
            }
            training.send(example(
                    n,
                    rows(values),
                    sets(
                            BITS,
                            TokenLabelSet.newBuilder().setUnknown(true).build(),
                            truth(values, 1),
                            truth(values, 2))));
        }
        List<Progress> progress = training.finish();
        Metrics metrics = progress.get(progress.size() - 1).getMetrics();
        assertThat(metrics.getExamples()).isEqualTo(600);
        assertThat(metrics.getTotal().getCount()).isEqualTo(1_200);
        assertThat(metrics.getWindowed().getAccuracy()).isGreaterThan(0.95);

        float[] probe = {-1, -1, -1, 1, -1, 1, -1, 1, -1};
        TokenLabelSetsPrediction answer = client.inference
                .predict(predict(rows(probe), id).toBuilder()
                        .setMinAppliedSequence(600)
                        .setMaxScores(2)
                        .build())
                .getPredictions(0)
                .getTokenLabelSets();
        List<String> labels = client.get(id).getLabelsList();
        assertThat(answer.getLabelsList()).isEqualTo(labels).hasSize(3).startsWith("z");
        assertThat(answer.getTokensCount()).isEqualTo(3);
        assertThat(names(answer, answer.getTokens(1))).containsExactlyInAnyOrder("x", "z");
        assertThat(names(answer, answer.getTokens(2))).containsExactly("y");
        assertThat(answer.getTokens(2).getScoredIndicesCount()).isEqualTo(2);
        assertThat(labels.get(answer.getTokens(2).getScoredIndices(0))).isEqualTo("y");
        assertThat(answer.getTokens(2).getScores(0)).isGreaterThan(0.5f);
    }

    private static TokenLabelSet truth(float[] values, int row) {
        return has(IntStream.range(0, 3)
                .filter(i -> values[3 * row + i] > 0)
                .boxed()
                .toArray(Integer[]::new));
    }

    private static List<String> names(TokenLabelSetsPrediction answer, TokenLabelSetPrediction token) {
        return token.getIndicesList().stream().map(answer::getLabels).toList();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void examplesThatDoNotFitAreRefusedOneByOneAndTheStreamGoesOn(Learning.Builder rule) {
        String id = client.newHead(
                head(TokenMultiLabel.newBuilder().addAllLabels(BITS).setMaxLabels(3), rule));
        Observation two = rows(1, 1, 1, -1, -1, -1);
        Target[] wrong = {
            sets(BITS, has(0)),
            sets(BITS, has(0), has(), has()),
            sets(List.of("w", "x"), has(0), has()),
            sets(List.of("x", "y", "z", "w"), has(0), has()),
            sets(BITS, has(0, 1, 0), has()),
            sets(BITS, has(3), has()),
            sets(List.of("x", "x"), has(0), has()),
            sets(BITS, has(), has(1).toBuilder().setUnknown(true).build()),
            Target.newBuilder()
                    .setTokenLabels(LabelSequence.newBuilder().addAllLabels(List.of("x", "y")))
                    .build()
        };
        String[] messages = {
            "target: 1 sets of labels (expected: 2, one per token)",
            "target: 3 sets of labels (expected: 2, one per token)",
            "labels: \"w\" (expected: at most 3 labels)",
            "target: 4 labels (expected: at most max_labels 3)",
            "target: token 0: label index 0 twice (expected: each label once per token)",
            "target: token 0: label index 3 (expected: less than the 3 labels named)",
            "target: label \"x\" twice (expected: each label once)",
            "target: token 1 unknown with 1 labels (expected: none where the truth is unknown)",
            "target: token_labels (expected: token_label_sets for task token_multi_label)"
        };
        Training training = client.training();
        training.opened(open(id));
        for (int i = 0; i < wrong.length; i++) {
            training.send(example(i + 1, two, wrong[i]));
        }
        int good = 4;
        for (int i = 0; i < good; i++) {
            training.send(example(wrong.length + 1 + i, two, sets(BITS, has(2, 0), has())));
        }
        List<Progress> progress = training.finish();
        List<Refusal> refusals =
                progress.stream().flatMap(one -> one.getRefusalsList().stream()).toList();
        assertThat(refusals).hasSize(wrong.length);
        for (int i = 0; i < wrong.length; i++) {
            assertThat(refusals.get(i).getSequence()).isEqualTo(i + 1);
            assertThat(refusals.get(i).getStatus().getMessage()).isEqualTo(messages[i]);
            Errors.info(
                    i == 2 ? Reason.LABEL_LIMIT : Reason.WRONG_TARGET,
                    refusals.get(i).getStatus());
        }
        Metrics metrics = progress.get(progress.size() - 1).getMetrics();
        assertThat(metrics.getExamples()).isEqualTo(good);
        assertThat(metrics.getRefused()).isEqualTo(wrong.length);
    }

    @Test
    void whatCannotBeATaskIsRefusedWithItsField() {
        Learning.Builder any = Learning.newBuilder();
        client.isRefused(
                head(TokenMultiLabel.newBuilder().setMaxLabels(4_097), any), "task.token_multi_label.max_labels: 4097");
        client.isRefused(
                head(TokenMultiLabel.newBuilder().addAllLabels(BITS).setMaxLabels(2), any),
                "task.token_multi_label.labels: 3 labels (expected: at most max_labels 2)");
        client.isRefused(
                head(TokenMultiLabel.newBuilder(), any)
                        .setModality(Modality.newBuilder().setText(TextModality.getDefaultInstance())),
                "task.token_multi_label: ");
        client.isRefused(
                head(TokenMultiLabel.newBuilder().setMaxLabels(200), any)
                        .setModality(Modality.newBuilder()
                                .setTensor(
                                        TensorModality.newBuilder().setWidth(3).setMaxRows(400))),
                "task.token_multi_label.max_labels: 200 labels, 400 tokens (expected: at most 65536 labels of all"
                        + " tokens)");
    }

    @Test
    void labelsMayBeAdded() {
        String id = client.newHead(head(TokenMultiLabel.newBuilder().addLabels("x"), Learning.newBuilder()));
        Head requested = Head.newBuilder()
                .setName(name(id))
                .setTask(Task.newBuilder()
                        .setTokenMultiLabel(TokenMultiLabel.newBuilder().addLabels("y")))
                .build();
        Head updated = client.heads.updateHead(update(requested, "task.token_multi_label.labels"));
        assertThat(updated.getLabelsList()).containsExactly("x", "y");
        assertThat(updated.getTask().getTokenMultiLabel().getLabelsList()).containsExactly("x", "y");
    }
}
