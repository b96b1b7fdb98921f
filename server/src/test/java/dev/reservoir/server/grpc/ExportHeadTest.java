// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.TextFormat;
import com.google.protobuf.util.JsonFormat;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.ExportHeadRequest;
import dev.reservoir.v1.ExportHeadResponse;
import dev.reservoir.v1.ExportedHead;
import dev.reservoir.v1.ExportedHead.Served;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadPrediction;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.InferenceServiceGrpc;
import dev.reservoir.v1.LabelScore;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.PredictRequest;
import dev.reservoir.v1.TokenLabelSetPrediction;
import dev.reservoir.v1.TokenLabelSetsPrediction;
import dev.reservoir.v1.TrainRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exported heads: the stream carries enough to answer as the server does. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExportHeadTest {
    private static final String ROWS = "modality { tensor { width: 3 max_rows: 4 } } ";
    private static final String CLASSES = "task { classification { } } ";

    private final ExportExamples examples = new ExportExamples();
    private TestServer server;
    private ManagedChannel channel;
    private HeadServiceBlockingStub heads;

    @BeforeAll
    void start() {
        server = TestServer.start();
        channel = server.channel();
        heads = HeadServiceGrpc.newBlockingStub(channel);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    record Exported(ExportedHead head, byte[] file) {}

    private Exported export(String id) {
        Iterator<ExportHeadResponse> replies = heads.exportHead(request(id));
        ExportedHead head = replies.next().getExported();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        replies.forEachRemaining(reply -> {
            assertThat(reply.getChunk().size()).isBetween(1, 64 << 10);
            file.writeBytes(reply.getChunk().toByteArray());
        });
        assertThat(file.size()).isEqualTo((int) head.getFileBytes());
        return new Exported(head, file.toByteArray());
    }

    private static ExportHeadRequest request(String id) {
        return ExportHeadRequest.newBuilder().setName(name(id)).build();
    }

    private void newHead(String id, String spec) {
        try {
            heads.createHead(create(id, TextFormat.parse(spec, Head.class)));
        } catch (TextFormat.ParseException e) {
            throw new AssertionError(e);
        }
    }

    private Training train(String id, int from, int count) {
        Head head = heads.getHead(GetHeadRequest.newBuilder().setName(name(id)).build());
        Training training = Training.on(channel, Replies.reading());
        training.opened(Messages.open(id));
        for (int i = from; i < from + count; i++) {
            Observation observation = examples.observation(head);
            training.send(TrainRequest.newBuilder()
                    .setExample(Example.newBuilder()
                            .setSequence(i)
                            .setObservation(observation)
                            .setTarget(ExportExamples.target(head.getTask(), observation)))
                    .build());
        }
        return training;
    }

    private HeadPrediction predict(String id, Observation observation) {
        return InferenceServiceGrpc.newBlockingStub(channel)
                .predict(PredictRequest.newBuilder()
                        .addHeads(name(id))
                        .setObservation(observation)
                        .setMaxScores(100)
                        .build())
                .getPredictions(0);
    }

    private static void agree(HeadPrediction answer, ExportedOracle oracle, Observation observation) {
        double[][] scores = oracle.scores(ExportExamples.rows(observation));
        if (answer.hasTokenLabels()) {
            List<String> best = new ArrayList<>();
            for (double[] row : scores) {
                best.add(oracle.labels().get(row[0] >= row[1] ? 0 : 1));
            }
            assertThat(answer.getTokenLabels().getLabelsList()).isEqualTo(best);
        } else if (answer.hasTokenLabelSets()) {
            agree(answer.getTokenLabelSets(), oracle.labels(), scores);
        } else if (answer.hasValues()) {
            assertThat(answer.getValues().getValuesCount()).isEqualTo(scores[0].length);
            for (int i = 0; i < scores[0].length; i++) {
                assertThat((double) answer.getValues().getValues(i)).isCloseTo(scores[0][i], within(2e-5));
            }
        } else {
            List<LabelScore> given = answer.hasLabel()
                    ? answer.getLabel().getScoresList()
                    : answer.getLabels().getScoresList();
            assertThat(given).hasSameSizeAs(oracle.labels());
            for (LabelScore score : given) {
                double own = scores[0][oracle.labels().indexOf(score.getLabel())];
                assertThat((double) score.getScore()).as(score.getLabel()).isCloseTo(own, within(2e-5));
            }
        }
    }

    private static void agree(TokenLabelSetsPrediction answer, List<String> labels, double[][] scores) {
        assertThat(answer.getLabelsList()).isEqualTo(labels);
        assertThat(answer.getTokensCount()).isEqualTo(scores.length);
        for (int t = 0; t < scores.length; t++) {
            TokenLabelSetPrediction token = answer.getTokens(t);
            assertThat(token.getScoresList()).hasSameSizeAs(labels);
            for (int i = 0; i < token.getScoresCount(); i++) {
                int label = token.getScoredIndices(i);
                assertThat((double) token.getScores(i)).as(labels.get(label)).isCloseTo(scores[t][label], within(2e-5));
                assertThat(token.getIndicesList().contains(label)).isEqualTo(scores[t][label] >= 0.5);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ROWS + CLASSES + "learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + CLASSES + "learning { fpt { minibatch: 4 parts: [NORMS] } } encoder { pooling: LAST }",
                ROWS + CLASSES + "learning { fpt { minibatch: 4 } } encoder { pooling: CONCATENATE }",
                ROWS + "task { token_classification { } } learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + "task { token_multi_label { } } learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + "task { token_multi_label { } } learning { gradient { learning_rate: 0.1 } }",
                ROWS + "task { token_multi_label { } }",
                ROWS + "task { multi_label { } } learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + "task { regression { dimensions: 2 } } learning { gradient { } }",
                ROWS + "task { regression { dimensions: 2 } } learning { fpt { minibatch: 4 } }",
                "modality { text { } } " + CLASSES + "learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + CLASSES,
                ROWS
                        + "task { multi_label { } } learning { gradient { } }"
                        + " encoder { pooling: FLATTEN feature_width: 40 }",
                ROWS + CLASSES + "learning { gradient { learning_rate: 0.1 } } encoder { pooling: FIRST }",
                ROWS + "task { token_classification { } }",
                ROWS + CLASSES + "encoder { pooling: INPUT_ONLY }",
                "modality { text { } } " + CLASSES,
                "modality { text { } } " + CLASSES + "encoder { input_skip: WITH_INPUT pooling: LAST }",
                "modality { text { } } " + CLASSES + "encoder { pooling: INPUT_ONLY }",
                "modality { tensor { width: 1500 max_rows: 4 } } " + CLASSES,
                "modality { tensor { width: 1500 max_rows: 4 } } " + CLASSES + "encoder { input_skip: WITH_INPUT }",
            })
    void anExportedHeadAnswersAsTheServerDoes(String spec) throws IOException {
        String id = "e" + Integer.toHexString(spec.hashCode());
        newHead(id, spec);
        train(id, 1, 48).finish();
        Exported exported = export(id);
        ExportedOracle oracle = new ExportedOracle(exported.file);
        Head head = exported.head.getHead();
        assertThat(head.getAppliedThrough()).isEqualTo(48);
        assertThat(head.getMetrics().getExamples()).isEqualTo(48);
        assertThat(exported.head.getServed()).isEqualTo(head.getKind() == Head.Kind.FPT ? Served.FPT : Served.READOUT);
        assertThat(oracle.metadata.get("format"))
                .isEqualTo(exported.head.getFormat())
                .isEqualTo("reservoir.head.v1");
        assertThat(oracle.metadata.get("substrate_digest")).isEqualTo("0".repeat(64));
        assertThat(oracle.labels()).isEqualTo(head.getLabelsList());
        Head.Builder inside = Head.newBuilder();
        JsonFormat.parser().merge(oracle.metadata.get("head"), inside);
        assertThat(inside.build()).isEqualTo(head);
        for (int i = 0; i < 8; i++) {
            Observation observation = examples.observation(head);
            agree(predict(id, observation), oracle, observation);
        }
    }

    @Test
    void aYoungHeadsCompanionIsWhatIsExported() {
        newHead("young", ROWS + CLASSES + "learning { fpt { minibatch: 4 learning_rate: 1e-6 companion { } } }");
        train("young", 1, 48).finish();
        Exported exported = export("young");
        assertThat(exported.head.getServed()).isEqualTo(Served.COMPANION);
        ExportedOracle oracle = new ExportedOracle(exported.file);
        assertThat(oracle.parts).containsKey("raw.scale").doesNotContainKey("norms.gain");
        Observation observation = examples.observation(exported.head.getHead());
        agree(predict("young", observation), oracle, observation);
    }

    @Test
    void anExportIsOneVersionWhateverTheHeadLearnsMeanwhileAndOutlivesItsHead() throws Exception {
        newHead(
                "busy",
                "modality { tensor { width: 3 max_rows: 400 } } task { regression { dimensions: 99 } } "
                        + "learning { fpt { minibatch: 4 learning_rate: 1e-2 } } encoder { pooling: CONCATENATE }");
        Training training = train("busy", 1, 8);
        training.readUntil(8);
        Replies<ExportHeadRequest, ExportHeadResponse> slow = Replies.notReading();
        HeadServiceGrpc.newStub(server.channel()).exportHead(request("busy"), slow);
        slow.request(1);
        ExportedHead first = slow.next().getExported();
        Exported before = export("busy");
        Head head = before.head.getHead();
        assertThat(head.getVersion()).isEqualTo(first.getHead().getVersion());
        assertThat(before.file.length).as("more than the transport holds").isGreaterThan(2_000_000);
        training.finish();
        train("busy", 9, 40).finish();
        assertThat(export("busy").head.getHead().getVersion()).isGreaterThan(head.getVersion());
        assertThat(export("busy").file).isNotEqualTo(before.file);
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name("busy")).build());
        slow.request(1_000);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        for (ExportHeadResponse reply : slow.rest()) {
            file.writeBytes(reply.getChunk().toByteArray());
        }
        assertThat(file.toByteArray()).isEqualTo(before.file);
    }

    @Test
    void whatCannotBeExportedIsRefused() {
        assertThat(Errors.refusedWith(Reason.HEAD_NOT_FOUND, () -> export("nobody"))
                        .getMetadataMap())
                .containsEntry("name", name("nobody"));
        Errors.refusedWith(
                Reason.INVALID_FIELD,
                () -> heads.exportHead(ExportHeadRequest.newBuilder()
                                .setName("acme/nobody")
                                .build())
                        .next());
        newHead("huge", "modality { tokens { vocabulary: 65536 max_length: 500 } } " + CLASSES);
        Errors.refusedWith(Reason.TOO_LARGE, () -> export("huge"));
    }

    @Test
    void exportsThatNobodyReadsAreBounded() {
        newHead(
                "wide",
                "modality { tensor { width: 600 max_rows: 400 } } task { regression { dimensions: 99 } } "
                        + "encoder { pooling: CONCATENATE input_skip: WITHOUT_INPUT } learning { gradient { } }");
        List<Replies<ExportHeadRequest, ExportHeadResponse>> unread = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            unread.add(Replies.notReading());
            // A connection each: what is not read fills the client's window of the whole connection.
            HeadServiceGrpc.newStub(server.channel()).exportHead(request("wide"), unread.get(i));
            unread.get(i).request(1);
            unread.get(i).next();
        }
        Errors.refusedWith(Reason.OVERLOADED, () -> export("wide"));
        unread.forEach(replies -> replies.call().cancel("enough", null));
        unread.forEach(replies -> assertThat(replies.code()).isEqualTo(Status.Code.CANCELLED));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(export("wide").file).isNotEmpty());
    }
}
