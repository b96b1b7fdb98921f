package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.server.mixing.MixingSubstrate;
import dev.reservoir.server.mixing.WordTokenizer;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.registry.Published;
import dev.reservoir.server.schedule.BatchPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EngineTest {
    private static final ModalitySpec TEXT = new ModalitySpec.Text(32);
    private static final EncoderSpec MEAN = new EncoderSpec(Pooling.MEAN, 64, false);
    private static final BatchPolicy POLICY =
            new BatchPolicy(256, 16, 0, 0.3, 8, 99, 10_000_000, 1_000_000_000, 64, 48);
    private static final String[] WORDS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"
    };

    private final MixingSubstrate substrate = new MixingSubstrate();
    private final HeadFactory factory = new HeadFactory(substrate, new WordTokenizer());
    private final HeadRegistry registry = new HeadRegistry(factory, 10_000, () -> Instant.EPOCH);
    private final List<Engine> engines = new ArrayList<>();

    @AfterEach
    void close() {
        engines.forEach(Engine::close);
        registry.all().forEach(head -> head.learner().close());
        factory.close();
    }

    private Engine engine(int lanes, long cacheBytes) {
        Engine engine = new Engine(substrate, POLICY, lanes, cacheBytes, System::nanoTime);
        engines.add(engine);
        return engine;
    }

    private static HeadSpec spec(String tenant, String id) {
        return new HeadSpec(
                new HeadName(tenant, id),
                TEXT,
                new Task.Classification(List.of(), 8),
                MEAN,
                new LearningSpec.RecursiveLeastSquares(1, 1, 64),
                0);
    }

    private LiveHead head(String tenant, String id) {
        return registry.create(spec(tenant, id), "");
    }

    private static Call call(String tenant) {
        return new Call(tenant, Long.MAX_VALUE, () -> false);
    }

    private static Observation.Text text(SplittableRandom random) {
        StringBuilder words = new StringBuilder();
        int count = 1 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            words.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
        }
        return new Observation.Text(words.toString());
    }

    private static Target label(Observation.Text text) {
        return new Target.Label(text.text().contains("two") ? "with" : "without");
    }

    private static final class Answer<R> implements Completion<R> {
        final CompletableFuture<R> future = new CompletableFuture<>();

        @Override
        public void completed(R result) {
            assertThat(future.complete(result)).isTrue();
        }

        @Override
        public void refused(Refused why) {
            assertThat(future.completeExceptionally(why)).isTrue();
        }

        R get() throws Exception {
            return future.get(30, TimeUnit.SECONDS);
        }

        Reason reason() {
            return future.handle((result, why) -> ((Refused) why).reason())
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join();
        }
    }

    private static final class Progress implements TrainingListener {
        final List<Refusal> refusals = Collections.synchronizedList(new ArrayList<>());
        final CompletableFuture<Void> end = new CompletableFuture<>();
        private final CountDownLatch handled;
        volatile long appliedThrough;

        Progress(int expected) {
            handled = new CountDownLatch(expected);
        }

        @Override
        public void handled(int count, List<Refusal> refused, Published published) {
            refusals.addAll(refused);
            assertThat(published.appliedThrough()).isGreaterThan(appliedThrough);
            appliedThrough = published.appliedThrough();
            for (int i = 0; i < count; i++) {
                handled.countDown();
            }
        }

        @Override
        public void deleted() {
            end.complete(null);
        }

        @Override
        public void stopped() {
            end.complete(null);
        }

        void await() throws InterruptedException {
            assertThat(handled.await(30, TimeUnit.SECONDS)).isTrue();
        }
    }

    private List<HeadOutcome> predict(Engine engine, List<LiveHead> heads, Observation observation) throws Exception {
        Answer<List<HeadOutcome>> answer = new Answer<>();
        engine.predict(call(heads.get(0).name().tenant()), heads, observation, 8, answer);
        return answer.get();
    }

    @Test
    void aPredictionSeesWhatWasAcknowledged() throws Exception {
        Engine engine = engine(2, 0);
        LiveHead head = head("a", "h");
        SplittableRandom random = new SplittableRandom(1);
        Progress progress = new Progress(200);
        for (int i = 1; i <= 200; i++) {
            Observation.Text text = text(random);
            engine.train(head, i, text, label(text), progress);
        }
        progress.await();
        HeadOutcome outcome = predict(engine, List.of(head), new Observation.Text("one two three"))
                .get(0);
        assertThat(outcome.appliedThrough()).isEqualTo(200);
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

    /** Random histories of learning and predicting give the same answers with a small cache, a large one and none, bit for bit. */
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
                engine.train(heads.get(index), ++sequences[index], text, label(text), progress);
                progress.await();
            } else {
                predict(engine, heads, text)
                        .forEach(outcome -> answers.add(
                                List.of(outcome.version(), ((Prediction.Label) outcome.prediction()).scores())));
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
            alone.add((FeatureLearner) factory.learner(own, factory.encoder(own)));
            progresses.add(new Progress(each));
        }
        for (int i = 1; i <= each; i++) {
            for (int h = 0; h < heads.size(); h++) {
                Observation.Text text = random.nextInt(10) == 0 ? new Observation.Text(" ") : text(random);
                engine.train(heads.get(h), i, text, label(text), progresses.get(h));
                if (!text.text().isBlank()) {
                    alone.get(h).learn(List.of(new FeatureLearner.Item(features(text), label(text))));
                }
            }
        }
        for (int h = 0; h < heads.size(); h++) {
            progresses.get(h).await();
            Published published = heads.get(h).published();
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
        ObservationEncoder encoder = factory.encoders().encoder(TEXT, MEAN);
        ObservationEncoder.Encoded encoded = encoder.encode(text);
        SubstrateInput input = encoded.input();
        assertThat(input).isNotNull();
        return encoder.features(encoded, new MixingSubstrate().forward(List.of(input)), 0);
    }

    @Test
    void workIsDroppedBeforeItStartsOnceNobodyWaits() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.hold(release);
        Answer<List<HeadOutcome>> running = new Answer<>();
        engine.predict(call("a"), List.of(head), new Observation.Text("one"), 1, running);
        substrate.awaitPass();
        AtomicBoolean cancelled = new AtomicBoolean();
        Answer<List<HeadOutcome>> gone = new Answer<>();
        engine.predict(
                new Call("a", Long.MAX_VALUE, cancelled::get), List.of(head), new Observation.Text("two"), 1, gone);
        Answer<List<HeadOutcome>> late = new Answer<>();
        engine.predict(
                new Call("a", System.nanoTime(), () -> false), List.of(head), new Observation.Text("three"), 1, late);
        cancelled.set(true);
        release.countDown();
        running.get();
        assertThat(gone.reason()).isEqualTo(Reason.CANCELLED);
        assertThat(late.reason()).isEqualTo(Reason.DEADLINE);
        assertThat(substrate.sequences()).isEqualTo(1);
    }

    @Test
    void aFullQueueRefusesAndOthersAreServed() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("flood", "h");
        LiveHead other = head("other", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.hold(release);
        List<Answer<List<HeadOutcome>>> answers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Answer<List<HeadOutcome>> answer = new Answer<>();
            engine.predict(call("flood"), List.of(head), new Observation.Text("one " + i), 1, answer);
            answers.add(answer);
        }
        Answer<List<HeadOutcome>> small = new Answer<>();
        engine.predict(call("other"), List.of(other), new Observation.Text("two"), 1, small);
        release.countDown();
        small.get();
        long refused = 0;
        for (Answer<List<HeadOutcome>> answer : answers) {
            if (answer.future.handle((result, why) -> why != null).get(30, TimeUnit.SECONDS)) {
                assertThat(answer.reason()).isEqualTo(Reason.OVERLOADED);
                refused++;
            }
        }
        assertThat(refused).isBetween(200L - 48 - 32, 200L - 48);
    }

    @Test
    void aDeletedHeadEndsItsWritersAndHarmsNobody() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead doomed = head("a", "doomed");
        LiveHead other = head("a", "other");
        CountDownLatch release = new CountDownLatch(1);
        substrate.hold(release);
        Progress doomedProgress = new Progress(100);
        Progress otherProgress = new Progress(10);
        for (int i = 1; i <= 20; i++) {
            engine.train(doomed, i, new Observation.Text("one " + i), new Target.Label("x"), doomedProgress);
        }
        for (int i = 1; i <= 10; i++) {
            engine.train(other, i, new Observation.Text("two " + i), new Target.Label("x"), otherProgress);
        }
        engine.forget(registry.delete(doomed.name()));
        release.countDown();
        doomedProgress.end.get(30, TimeUnit.SECONDS);
        otherProgress.await();
        Progress after = new Progress(1);
        engine.train(doomed, 21, new Observation.Text("late"), new Target.Label("x"), after);
        after.end.get(30, TimeUnit.SECONDS);
        assertThat(doomed.published().version()).isZero();
    }

    @Test
    void whoIsToldOfADeletionHoldsUpNobody() throws Exception {
        LiveHead doomed = head("a", "doomed");
        CompletableFuture<LiveHead> created = new CompletableFuture<>();
        doomed.watch(() -> {
            Thread creator = new Thread(() -> created.complete(head("b", "other")));
            creator.start();
            try {
                creator.join(10_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            assertThat(created).isDone();
        });
        registry.delete(doomed.name());
        assertThat(created).isDone();
    }

    @Test
    void aDefectOfOnePassEndsItsBatchOnly() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        substrate.fail(1);
        Answer<List<HeadOutcome>> failed = new Answer<>();
        engine.predict(call("a"), List.of(head), new Observation.Text("one"), 1, failed);
        assertThat(failed.reason()).isEqualTo(Reason.INTERNAL);
        substrate.fail(1);
        Progress first = new Progress(1);
        engine.train(head, 1, new Observation.Text("one"), new Target.Label("x"), first);
        first.await();
        Progress second = new Progress(1);
        engine.train(head, 2, new Observation.Text("one"), new Target.Label("x"), second);
        second.await();
        assertThat(second.refusals).isEmpty();
        assertThat(first.refusals)
                .extracting(TrainingListener.Refusal::sequence)
                .containsExactly(1L);
        assertThat(predict(engine, List.of(head), new Observation.Text("one"))
                        .get(0)
                        .appliedThrough())
                .isEqualTo(2);
    }

    @Test
    void anObservationOfAnotherModalityIsRefusedAtTheBorder() {
        Engine engine = engine(1, 0);
        Answer<List<HeadOutcome>> answer = new Answer<>();
        engine.predict(call("a"), List.of(head("a", "h")), new Observation.Symbols(new int[] {1}), 1, answer);
        assertThat(answer.reason()).isEqualTo(Reason.WRONG_MODALITY);
        assertThat(substrate.passes()).isZero();
    }

    @Test
    void closingEndsWhatWaitsAndWaitsForWhatRuns() throws Exception {
        Engine engine = engine(1, 0);
        LiveHead head = head("a", "h");
        CountDownLatch release = new CountDownLatch(1);
        substrate.hold(release);
        Answer<List<HeadOutcome>> running = new Answer<>();
        engine.predict(call("a"), List.of(head), new Observation.Text("one"), 1, running);
        substrate.awaitPass();
        Answer<List<HeadOutcome>> waiting = new Answer<>();
        engine.predict(call("a"), List.of(head), new Observation.Text("two"), 1, waiting);
        Thread closing = new Thread(engine::close);
        closing.start();
        assertThat(waiting.reason()).isEqualTo(Reason.STOPPING);
        assertThat(running.future).isNotDone();
        release.countDown();
        closing.join();
        assertThat(running.get()).hasSize(1);
        Answer<List<HeadOutcome>> late = new Answer<>();
        engine.predict(call("a"), List.of(head), new Observation.Text("three"), 1, late);
        assertThat(late.reason()).isEqualTo(Reason.STOPPING);
    }
}
