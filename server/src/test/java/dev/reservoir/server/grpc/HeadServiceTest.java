package dev.reservoir.server.grpc;

import static dev.reservoir.server.grpc.Errors.refusedWith;
import static dev.reservoir.server.grpc.Messages.create;
import static dev.reservoir.server.grpc.Messages.name;
import static dev.reservoir.server.grpc.Messages.tensorHead;
import static dev.reservoir.server.grpc.Messages.textHead;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.FieldMask;
import dev.reservoir.heads.Reason;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.CreateHeadRequest;
import dev.reservoir.v1.DeleteHeadRequest;
import dev.reservoir.v1.GetHeadRequest;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.HeadServiceGrpc;
import dev.reservoir.v1.HeadServiceGrpc.HeadServiceBlockingStub;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.ListHeadsRequest;
import dev.reservoir.v1.ListHeadsResponse;
import dev.reservoir.v1.Task;
import dev.reservoir.v1.TrainRequest;
import dev.reservoir.v1.TrainingServiceGrpc;
import dev.reservoir.v1.UpdateHeadRequest;
import dev.reservoir.v1.WatchHeadRequest;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeadServiceTest {
    private TestServer server;
    private HeadServiceBlockingStub heads;

    @BeforeAll
    void start() {
        server = TestServer.startWith(60, 1_000);
        heads = HeadServiceGrpc.newBlockingStub(server.channel());
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void createdHeadTellsItsDefaultsAndItsSubstrate() {
        Head head = heads.createHead(create("told", textHead("no", "yes")));

        assertThat(head.getName()).isEqualTo(name("told"));
        assertThat(head.getKind()).isEqualTo(Head.Kind.READOUT);
        assertThat(head.getModality().getText().getMaxTokens()).isEqualTo(128);
        assertThat(head.getTask().getClassification().getMaxLabels()).isEqualTo(64);
        assertThat(head.getEncoder().getPooling()).isEqualTo(dev.reservoir.v1.Encoder.Pooling.MEAN);
        assertThat(head.getLearning().getLeastSquares().getForgetting()).isEqualTo(1);
        assertThat(head.getLearning().getMetricWindow()).isEqualTo(256);
        assertThat(head.getSubstrate()).isEqualTo("mixing");
        assertThat(head.getSubstrateDigest()).hasSize(64);
        assertThat(head.getState()).isEqualTo(Head.State.ACTIVE);
        assertThat(head.getLabelsList()).containsExactly("no", "yes");
        assertThat(head.getVersion()).isZero();
        assertThat(head.getFeatureWidth()).isEqualTo(16);
        assertThat(head.getCreateTime().getSeconds()).isEqualTo(TestServer.CREATED.getEpochSecond());
        assertThat(head.hasMetrics()).isFalse();
        assertThat(heads.getHead(get("told"))).isEqualTo(head);
    }

    @Test
    void whatAHeadTellsMakesAnEqualHead() {
        Head head = heads.createHead(create("original", tensorHead(3)));

        Head again = heads.createHead(create("again", head));

        assertThat(again.toBuilder().setName(head.getName()).build()).isEqualTo(head);
    }

    @Test
    void nameThatIsTakenIsRefused() {
        heads.createHead(create("taken", textHead()));

        assertThat(refusedWith(Reason.HEAD_EXISTS, () -> heads.createHead(create("taken", textHead())))
                        .getMetadataMap())
                .containsEntry("name", name("taken"));
    }

    @Test
    void repeatedCreationReturnsTheHeadAndAnotherSpecificationIsRefused() {
        CreateHeadRequest first =
                create("once", textHead()).toBuilder().setRequestId("r1").build();
        Head head = heads.createHead(first);

        assertThat(heads.createHead(first)).isEqualTo(head);
        CreateHeadRequest another = first.toBuilder().setHead(textHead("other")).build();
        refusedWith(Reason.HEAD_EXISTS, () -> heads.createHead(another));
        CreateHeadRequest otherId = first.toBuilder().setRequestId("r2").build();
        refusedWith(Reason.HEAD_EXISTS, () -> heads.createHead(otherId));
        CreateHeadRequest longId =
                first.toBuilder().setRequestId("x".repeat(65)).build();
        refusedWith(Reason.INVALID_FIELD, () -> heads.createHead(longId));
    }

    @Test
    void wrongSpecificationsAreRefusedNamingTheField() {
        assertField("modality", create("bad", Head.getDefaultInstance()));
        assertField("task", create("bad", textHead().toBuilder().clearTask().build()));
        assertField("modality.tensor.width", create("bad", tensorHead(0)));
        assertField("modality.text.max_tokens", create("bad", textOf(513)));
        assertField("head", create("bad", textHead()).toBuilder().clearHead().build());
        assertField("kind", create("bad", textHead().toBuilder().setKindValue(7).build()));
        assertField("head_id", create("Bad_Name", textHead()));
        assertField(
                "parent",
                create("bad", textHead()).toBuilder().setParent("acme").build());
    }

    private static Head textOf(int tokens) {
        Head.Builder head = textHead().toBuilder();
        head.getModalityBuilder().getTextBuilder().setMaxTokens(tokens);
        return head.build();
    }

    private void assertField(String field, CreateHeadRequest request) {
        assertThat(refusedWith(Reason.INVALID_FIELD, () -> heads.createHead(request))
                        .getMetadataMap())
                .containsEntry("field", field);
    }

    @Test
    void unknownHeadIsNotFound() {
        assertThat(refusedWith(Reason.HEAD_NOT_FOUND, () -> heads.getHead(get("nobody")))
                        .getMetadataMap())
                .containsEntry("name", name("nobody"));
        refusedWith(Reason.INVALID_FIELD, () -> heads.getHead(GetHeadRequest.getDefaultInstance()));
    }

    @Test
    void pagesTogetherAreTheWholeListAndTokensAreChecked() {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            heads.createHead(CreateHeadRequest.newBuilder()
                    .setParent("tenants/pages")
                    .setHeadId("h" + i)
                    .setHead(textHead())
                    .build());
            names.add("tenants/pages/heads/h" + i);
        }
        ListHeadsRequest.Builder page =
                ListHeadsRequest.newBuilder().setParent("tenants/pages").setPageSize(3);
        List<String> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        String token;
        do {
            ListHeadsResponse response = heads.listHeads(page.build());
            sizes.add(response.getHeadsCount());
            response.getHeadsList().forEach(head -> seen.add(head.getName()));
            token = response.getNextPageToken();
            page.setPageToken(token);
        } while (!token.isEmpty());

        assertThat(seen).isEqualTo(names);
        assertThat(sizes).containsExactly(3, 3, 1);
        assertThat(heads.listHeads(page.clearPageToken().setPageSize(7).build()).getNextPageToken())
                .isEmpty();
        String real = heads.listHeads(page.setPageSize(2).build()).getNextPageToken();
        for (String wrong : List.of("h3", "!", real + "A", PageToken.of("other", "h1"))) {
            ListHeadsRequest request = page.setPageToken(wrong).build();
            refusedWith(Reason.INVALID_FIELD, () -> heads.listHeads(request));
        }
        refusedWith(
                Reason.INVALID_FIELD,
                () -> heads.listHeads(page.clearPageToken().setPageSize(-1).build()));
        assertThat(heads.listHeads(ListHeadsRequest.newBuilder()
                                .setParent("tenants/unknown")
                                .build())
                        .getHeadsCount())
                .isZero();
    }

    @Test
    void updateChangesRatesWindowAndLabels() {
        Head spec = textHead("a").toBuilder()
                .setLearning(Learning.newBuilder()
                        .setGradient(Gradient.newBuilder().setWeightDecay(0.5).setMinibatch(4)))
                .build();
        heads.createHead(create("changing", spec));
        Head wanted = Head.newBuilder()
                .setName(name("changing"))
                .setLearning(Learning.newBuilder()
                        .setGradient(Gradient.newBuilder().setLearningRate(0.25))
                        .setMetricWindow(32))
                .setTask(Task.newBuilder()
                        .setClassification(
                                Classification.newBuilder().addLabels("a").addLabels("b")))
                .build();

        Head changed = heads.updateHead(update(
                wanted, "learning.gradient.learning_rate", "learning.metric_window", "task.classification.labels"));

        assertThat(changed.getLearning().getGradient().getLearningRate()).isEqualTo(0.25);
        assertThat(changed.getLearning().getGradient().getWeightDecay()).isEqualTo(0.5);
        assertThat(changed.getLearning().getGradient().getMinibatch()).isEqualTo(4);
        assertThat(changed.getLearning().getMetricWindow()).isEqualTo(32);
        assertThat(changed.getLabelsList()).containsExactly("a", "b");
        assertThat(heads.getHead(get("changing"))).isEqualTo(changed);
    }

    @Test
    void updatesAtTheSameTimeDoNotUndoOneAnother() throws Exception {
        try (TestServer busy = TestServer.start()) {
            HeadServiceGrpc.HeadServiceFutureStub calls = HeadServiceGrpc.newFutureStub(busy.channel());
            calls.createHead(create("both", textHead("a"))).get(30, TimeUnit.SECONDS);
            CountDownLatch gate = busy.hold();
            StreamObserver<TrainRequest> training =
                    TrainingServiceGrpc.newStub(busy.channel()).train(Replies.reading());
            training.onNext(Messages.open("both"));
            training.onNext(Messages.example(1, "held", "a"));
            busy.substrate.awaitPass();

            Head wanted = textHead("b").toBuilder()
                    .setName(name("both"))
                    .setLearning(Learning.newBuilder().setMetricWindow(32))
                    .build();
            Future<Head> window = calls.updateHead(update(wanted, "learning.metric_window"));
            Future<Head> labels = calls.updateHead(update(wanted, "task.classification.labels"));
            Awaitility.await()
                    .untilAsserted(() ->
                            assertThat(busy.engine.status().queuedTraining()).isEqualTo(2));
            gate.countDown();
            window.get(30, TimeUnit.SECONDS);
            labels.get(30, TimeUnit.SECONDS);

            Head changed = calls.getHead(get("both")).get(30, TimeUnit.SECONDS);
            assertThat(changed.getLearning().getMetricWindow()).isEqualTo(32);
            assertThat(changed.getLabelsList()).containsExactly("a", "b");
        }
    }

    @Test
    void updateOfAnythingElseIsRefused() {
        heads.createHead(create("fixed", textHead("a")));
        Head wanted = textHead("a", "b").toBuilder().setName(name("fixed")).build();

        for (String path : List.of("seed", "learning", "learning.gradient.minibatch", "task.multi_label.labels", "")) {
            refusedWith(Reason.INVALID_FIELD, () -> heads.updateHead(update(wanted, path)));
        }
        refusedWith(Reason.INVALID_FIELD, () -> heads.updateHead(update(wanted)));
        refusedWith(Reason.INVALID_FIELD, () -> heads.updateHead(update(wanted, "learning.gradient.learning_rate")));
        refusedWith(
                Reason.HEAD_NOT_FOUND,
                () -> heads.updateHead(
                        update(wanted.toBuilder().setName(name("nobody")).build(), "learning.metric_window")));
        Head window = wanted.toBuilder()
                .setLearning(Learning.newBuilder().setMetricWindow(70_000))
                .build();
        refusedWith(Reason.INVALID_FIELD, () -> heads.updateHead(update(window, "learning.metric_window")));
    }

    @Test
    void oneLabelTooManyIsRefused() {
        Head.Builder spec = textHead("a").toBuilder();
        spec.getTaskBuilder().getClassificationBuilder().setMaxLabels(2);
        heads.createHead(create("full", spec.build()));
        Head wanted = textHead("b", "c").toBuilder().setName(name("full")).build();

        assertThat(refusedWith(Reason.LABEL_LIMIT, () -> heads.updateHead(update(wanted, "task.classification.labels")))
                        .getMetadataMap())
                .containsEntry("limit", "2");
    }

    @Test
    void deletedHeadIsGone() {
        heads.createHead(create("leaving", textHead()));
        DeleteHeadRequest delete =
                DeleteHeadRequest.newBuilder().setName(name("leaving")).build();
        heads.deleteHead(delete);

        refusedWith(Reason.HEAD_NOT_FOUND, () -> heads.getHead(get("leaving")));
        refusedWith(Reason.HEAD_NOT_FOUND, () -> heads.deleteHead(delete));
        heads.deleteHead(delete.toBuilder().setAllowMissing(true).build());
        refusedWith(
                Reason.INVALID_FIELD,
                () -> heads.deleteHead(DeleteHeadRequest.newBuilder()
                        .setName("leaving")
                        .setAllowMissing(true)
                        .build()));
    }

    @Test
    void oneHeadTooManyIsRefusedWithTimeToWait() {
        try (TestServer small = TestServer.startWith(1, 100)) {
            HeadServiceBlockingStub stub = HeadServiceGrpc.newBlockingStub(small.channel());
            stub.createHead(create("first", textHead()));
            refusedWith(Reason.HEAD_LIMIT, () -> stub.createHead(create("second", textHead())));
        }
    }

    @Test
    void watchSendsNowAndThenChangesJoinedAndEndsWithTheHead() {
        heads.createHead(create("watched", textHead()));
        Replies<WatchHeadRequest, Head> seen = Replies.reading();
        HeadServiceGrpc.newStub(server.channel()).watchHead(watch("watched", 50), seen);
        assertThat(seen.next().getVersion()).isZero();

        Replies<dev.reservoir.v1.TrainRequest, dev.reservoir.v1.TrainResponse> progress = Replies.reading();
        StreamObserver<dev.reservoir.v1.TrainRequest> training =
                TrainingServiceGrpc.newStub(server.channel()).train(progress);
        training.onNext(Messages.open("watched"));
        for (int i = 1; i <= 500; i++) {
            training.onNext(Messages.example(i, "text " + i, "label"));
        }
        training.onCompleted();
        progress.rest();

        long applied = 0;
        int messages = 0;
        while (applied < 500) {
            Head head = seen.next();
            assertThat(head.getAppliedThrough()).isGreaterThan(applied);
            applied = head.getAppliedThrough();
            assertThat(head.getMetrics().getExamples()).isEqualTo(applied);
            messages++;
        }
        assertThat((long) messages)
                .isLessThanOrEqualTo(server.head(name("watched")).published().version());
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name("watched")).build());
        Errors.info(Reason.HEAD_NOT_FOUND, seen.failure());
    }

    @Test
    void watcherThatDoesNotReadGetsTheNewestStateOnly() {
        String[] labels = new String[64];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = "label-" + i + "-" + "x".repeat(110);
        }
        heads.createHead(create("unread", textHead(labels)));
        Replies<WatchHeadRequest, Head> seen = Replies.notReading();
        HeadServiceGrpc.newStub(server.channel()).watchHead(watch("unread", 50), seen);
        heads.deleteHead(DeleteHeadRequest.newBuilder().setName(name("unread")).build());
        seen.request(1_000);

        assertThat(seen.code()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(seen.taken()).hasSizeLessThanOrEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 49, 60_001})
    void watchIntervalsAreChecked(int interval) {
        heads.createHead(create("interval" + Math.abs(interval), textHead()));
        Replies<WatchHeadRequest, Head> seen = Replies.reading();
        HeadServiceGrpc.newStub(server.channel()).watchHead(watch("interval" + Math.abs(interval), interval), seen);

        assertThat(Errors.info(Reason.INVALID_FIELD, seen.failure()).getMetadataMap())
                .containsEntry("field", "interval_millis");
    }

    private static GetHeadRequest get(String head) {
        return GetHeadRequest.newBuilder().setName(name(head)).build();
    }

    private static WatchHeadRequest watch(String head, int interval) {
        return WatchHeadRequest.newBuilder()
                .setName(name(head))
                .setIntervalMillis(interval)
                .build();
    }

    private static UpdateHeadRequest update(Head head, String... paths) {
        return UpdateHeadRequest.newBuilder()
                .setHead(head)
                .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)))
                .build();
    }
}
