package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate.NormBank;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.task.Loss;
import dev.reservoir.heads.task.Losses;
import dev.reservoir.heads.train.Specs.Example;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FptLearnerTest {
    private final LinearSubstrate substrate = new LinearSubstrate();

    @ParameterizedTest
    @EnumSource(
            value = Pooling.class,
            names = {"MEAN", "LAST", "FIRST", "CONCATENATE"})
    void theGradientIsThatOfFiniteDifferences(Pooling pooling) {
        List<Example> examples = Specs.labelled(6, 1);
        HeadSpec spec = Specs.classifier("a", pooling, Specs.learning(Specs.ALL, 6));
        FptLearner learner = Specs.learner(substrate, spec);
        // Away from zero readouts, which stop the gradient on its way inside.
        Specs.learnAlone(substrate, learner, Specs.labelled(60, 2));
        Parameters.Gradient gradient = gradient(learner, examples);
        Parameters parameters = learner.parameters();
        Inside inside = parameters.inside();
        float[][] readout = parameters.readout();
        Random random = new Random(3);
        float[][] values = {
            inside.input(),
            inside.inputBias(),
            inside.positions(),
            inside.norms().gains(),
            inside.norms().biases(),
            readout[0],
            readout[2]
        };
        float[][] slopes = {
            gradient.input(),
            gradient.inputBias(),
            gradient.positions(),
            gradient.gains(),
            gradient.biases(),
            gradient.readout()[0],
            gradient.readout()[2]
        };
        for (int part = 0; part < values.length; part++) {
            double size = Math.sqrt(Vectors.squares(slopes[part]));
            assertThat(size).as("part %d", part).isGreaterThan(1e-4);
            for (int probe = 0; probe < 12; probe++) {
                int at = random.nextInt(values[part].length);
                float kept = values[part][at];
                values[part][at] = kept + 1e-2f;
                double up = loss(learner, inside, readout, examples);
                values[part][at] = kept - 1e-2f;
                double down = loss(learner, inside, readout, examples);
                values[part][at] = kept;
                assertThat((up - down) / 2e-2).as("part %d [%d]", part, at).isCloseTo(slopes[part][at], within(2e-3));
            }
        }
    }

    private Parameters.Gradient gradient(FptLearner learner, List<Example> examples) {
        Parameters.Gradient[] seen = new Parameters.Gradient[1];
        List<dev.reservoir.heads.train.Example> read = new ArrayList<>();
        for (Example example : examples) {
            var rows = Specs.reader(substrate, Specs.ROWS).read(example.observation());
            Target.Label label = (Target.Label) example.target();
            int hot = learner.snapshot().labels().indexOf(label.label());
            read.add(new dev.reservoir.heads.train.Example(
                    rows, List.of(new dev.reservoir.heads.task.Truth(0, true, 3, 3, new int[] {hot}, null, null))));
        }
        FptUpdate update = new FptUpdate(learner, read, true);
        seen[0] = update.gradient();
        NormBank bank = NormBank.of(List.of(update.norms()));
        SubstrateLearner.Portion portion = update.portions().get(0);
        try (var traced = substrate.trace(portion.sequences(), bank, new int[portion.size()])) {
            float[] upstream = new float[traced.hidden().values().length];
            portion.judge(traced.hidden(), 0, upstream);
            portion.follow(traced.gradients(upstream), 0, 0);
        }
        return seen[0];
    }

    /** Mean cross entropy, in the plainest way. */
    private double loss(FptLearner learner, Inside inside, float[][] readout, List<Example> examples) {
        double sum = 0;
        for (Example example : examples) {
            var rows = Specs.reader(substrate, Specs.ROWS).read(example.observation());
            HiddenStates hidden = substrate.forward(
                    List.of(inside.embed(rows, substrate, LinearSubstrate.D)),
                    NormBank.of(List.of(inside.norms())),
                    new int[1]);
            float[] features = learner.pooling().pool(hidden, 0);
            float[] scores = new float[readout.length];
            for (int c = 0; c < scores.length; c++) {
                for (int i = 0; i < features.length; i++) {
                    scores[c] += readout[c][i] * features[i];
                }
                scores[c] += readout[c][features.length];
            }
            float[] truth = new float[scores.length];
            truth[learner.snapshot().labels().indexOf(((Target.Label) example.target()).label())] = 1;
            sum += Losses.slope(Loss.SOFTMAX, scores, truth, new float[scores.length], scores.length);
        }
        return sum / examples.size();
    }

    @ParameterizedTest
    @CsvSource({
        // readout rows of 6 + 1; input 3 x 6 + 6; positions 5 x 6; norms 2 x 6
        "'', 21",
        "NORMS, 33",
        "'NORMS,INPUT', 57",
        "'NORMS,INPUT,POSITIONS', 87",
        "POSITIONS, 51"
    })
    void exactlyTheNamedPartsLearnAndAreCounted(String names, int count) {
        Set<Part> parts = EnumSet.noneOf(Part.class);
        for (String name : names.isEmpty() ? new String[0] : names.split(",")) {
            parts.add(Part.valueOf(name));
        }
        FptLearner learner = Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(parts, 4)));
        Inside before = learner.parameters().inside();
        float[] input = before.input().clone();
        Specs.learnAlone(substrate, learner, Specs.labelled(80, 4));
        Inside after = learner.parameters().inside();
        assertThat(learner.trainableParameters()).isEqualTo(count);
        assertThat(before.input()).as("what began is not written to").containsExactly(input);
        assertThat(!java.util.Arrays.equals(after.input(), input)).isEqualTo(parts.contains(Part.INPUT));
        assertThat(after.norms() != before.norms()).isEqualTo(parts.contains(Part.NORMS));
        assertThat(Vectors.squares(after.positions()) > 0).isEqualTo(parts.contains(Part.POSITIONS));
        assertThat(learner.metrics().updates()).isEqualTo(20);
        assertThat(learner.metrics().examples()).isEqualTo(80);
        assertThat(learner.metrics().total().count()).isEqualTo(80);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8})
    void whatIsLearnedIsTheSameAmongOthersBitForBit(int minibatch) {
        LearningSpec learning = Specs.replaying(minibatch, 2, 16);
        HeadSpec spec = Specs.classifier("a", Pooling.MEAN, learning);
        List<Example> examples = Specs.labelled(97, 5);
        FptLearner alone = Specs.learner(substrate, spec);
        Specs.learnAlone(substrate, alone, examples);
        FptLearner among = Specs.learner(substrate, spec);
        List<FptLearner> others = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            others.add(Specs.learner(
                    substrate,
                    Specs.classifier(
                            "o" + i,
                            i % 2 == 0 ? Pooling.LAST : Pooling.CONCATENATE,
                            Specs.learning(Specs.ALL, 1 + i))));
        }
        List<Example> foreign = Specs.labelled(97, 6);
        FusedStep step = new FusedStep(substrate);
        for (int n = 0; n < examples.size(); n++) {
            among.take(examples.get(n).observation(), examples.get(n).target(), null);
            for (FptLearner other : others) {
                other.take(foreign.get(n).observation(), foreign.get(n).target(), null);
            }
            while (true) {
                List<FptLearner> due = new ArrayList<>();
                // The head's place among the others changes from step to step.
                for (int i = 0; i < others.size(); i++) {
                    if (i == n % others.size() && among.due()) {
                        due.add(among);
                    }
                    if (others.get(i).due()) {
                        due.add(others.get(i));
                    }
                }
                if (due.isEmpty()) {
                    break;
                }
                step.run(due);
            }
        }
        assertThat(among.metrics()).isEqualTo(alone.metrics());
        assertThat(among.parameters().readout())
                .isDeepEqualTo(alone.parameters().readout());
        assertThat(among.parameters().inside().input())
                .containsExactly(alone.parameters().inside().input());
        assertThat(among.parameters().inside().positions())
                .containsExactly(alone.parameters().inside().positions());
        assertThat(among.parameters().inside().norms().gains())
                .containsExactly(alone.parameters().inside().norms().gains());
    }

    @Test
    void labelsAppearWithTheirMinibatchAndPredictionsCountBeforeTheyAreLearned() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        FusedStep step = new FusedStep(substrate);
        Observation one = new Observation.Tensor(new float[] {1, 0, 0}, 3);
        assertThat(learner.take(one, new Target.Label("a"), null)).isNull();
        assertThat(learner.snapshot().labels()).isEmpty();
        assertThat(learner.take(one, new Target.Label("a"), null)).isNull();
        assertThatThrownBy(() -> learner.take(one, new Target.Label("a"), null))
                .isInstanceOf(IllegalStateException.class);
        step.run(List.of(learner));
        assertThat(learner.snapshot().labels()).containsExactly("a");
        // The first was not known; the second could not have been: it was judged in the same minibatch.
        assertThat(learner.metrics().total().count()).isEqualTo(2);
        learner.take(one, new Target.Label("a"), null);
        learner.take(one, new Target.Label("b"), null);
        step.run(List.of(learner));
        assertThat(learner.snapshot().labels()).containsExactly("a", "b");
        assertThat(learner.metrics().examples()).isEqualTo(4);
    }

    @Test
    void snapshotsAnswerWithTheirOwnVersion() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 4)));
        List<Example> examples = Specs.labelled(40, 7);
        Specs.learnAlone(substrate, learner, examples);
        var early = learner.snapshot();
        Prediction before = predict(early, examples.get(0).observation());
        Specs.learnAlone(substrate, learner, Specs.labelled(400, 8));
        assertThat(predict(early, examples.get(0).observation())).isEqualTo(before);
        assertThat(predict(learner.snapshot(), examples.get(0).observation())).isNotEqualTo(before);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.8);
    }

    private Prediction predict(dev.reservoir.heads.HeadSnapshot snapshot, Observation observation) {
        ObservationEncoder encoder = snapshot.encoder();
        var encoded = encoder.encode(observation);
        HiddenStates hidden =
                substrate.forward(List.of(encoded.input()), NormBank.of(List.of(encoder.norms())), new int[1]);
        Features features = encoder.features(encoded, hidden, 0);
        return snapshot.predict(features, 4);
    }

    @Test
    void tasksPerTokenLearnLabelledTokensOnly() {
        ModalitySpec bits = new ModalitySpec.Tokens(2, 6, 1);
        HeadSpec spec = Specs.spec(
                "a",
                bits,
                new Task.TokenClassification(List.of("0", "1"), 2),
                Pooling.PER_TOKEN,
                Specs.learning(Specs.ALL, 5),
                1);
        FptLearner learner = Specs.learner(substrate, spec);
        Random random = new Random(9);
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < 600; n++) {
            int[] symbols = random.ints(4, 0, 2).toArray();
            List<String> labels = new ArrayList<>(List.of("", "", "", ""));
            labels.set(1, Integer.toString(symbols[1]));
            labels.set(2, Integer.toString(symbols[2]));
            examples.add(new Example(new Observation.Symbols(symbols), new Target.TokenLabels(labels)));
        }
        examples.add(3, new Example(new Observation.Symbols(new int[] {1}), new Target.TokenLabels(List.of(""))));
        Specs.learnAlone(substrate, learner, examples);
        assertThat(learner.metrics().total().count()).isEqualTo(1_200 - 2);
        assertThat(learner.metrics().windowed().accuracy()).isGreaterThan(0.95);
    }

    @Test
    void textsLearnOnFrozenWords() {
        HeadSpec spec = Specs.spec(
                "a",
                new ModalitySpec.Text(8),
                new Task.Regression(1),
                Pooling.MEAN,
                Specs.learning(Set.of(Part.POSITIONS, Part.NORMS), 4),
                1);
        FptLearner learner = Specs.learner(substrate, spec);
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < 400; n++) {
            String word = n % 2 == 0 ? "abc" : "xyz";
            examples.add(new Example(new Observation.Text(word), new Target.Values(new float[] {n % 2})));
        }
        Specs.learnAlone(substrate, learner, examples);
        assertThat(learner.metrics().windowed().meanAbsoluteError()).isLessThan(0.1);
        assertThatThrownBy(() -> Specs.spec(
                        "a",
                        new ModalitySpec.Text(8),
                        new Task.Regression(1),
                        Pooling.MEAN,
                        Specs.learning(Specs.ALL, 4),
                        1))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("learning.fpt.parts: INPUT");
    }

    @Test
    void aNumberThatIsNotFiniteStopsThisHeadAlone() {
        FptLearner bad = Specs.learner(
                substrate,
                Specs.spec("bad", Specs.ROWS, new Task.Regression(1), Pooling.MEAN, Specs.learning(Specs.ALL, 2), 1));
        FptLearner good =
                Specs.learner(substrate, Specs.classifier("good", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        FptLearner twin =
                Specs.learner(substrate, Specs.classifier("good", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        List<Example> examples = Specs.labelled(2, 10);
        FusedStep step = new FusedStep(substrate);
        Observation row = new Observation.Tensor(new float[] {1, 1, 1}, 3);
        assertThat(bad.take(row, new Target.Values(new float[] {Float.NaN}), null))
                .isNotNull();
        bad.take(row, new Target.Values(new float[] {3e38f}), null);
        bad.take(row, new Target.Values(new float[] {2e38f}), null);
        var served = bad.snapshot();
        for (Example example : examples) {
            good.take(example.observation(), example.target(), null);
        }
        step.run(List.of(bad, good));
        Specs.learnAlone(substrate, twin, examples);
        assertThat(bad.failure()).startsWith("stopped learning: ");
        assertThat(bad.due()).isFalse();
        assertThat(bad.snapshot()).isEqualTo(served);
        Refused refused = bad.take(row, new Target.Values(new float[] {1}), null);
        assertThat(refused).isNotNull();
        assertThat(refused.reason()).isEqualTo(Reason.HEAD_FAILED);
        assertThat(bad.metrics().refused()).isEqualTo(4);
        assertThat(good.failure()).isNull();
        assertThat(good.parameters().readout()).isDeepEqualTo(twin.parameters().readout());
    }

    @Test
    void aPassThatFailsCostsItsMinibatchesAndNoMore() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        List<Example> examples = Specs.labelled(20, 11);
        FusedStep step = new FusedStep(substrate);
        learner.take(examples.get(0).observation(), examples.get(0).target(), null);
        learner.take(examples.get(1).observation(), examples.get(1).target(), null);
        substrate.broken = sequences -> true;
        assertThatThrownBy(() -> step.run(List.of(learner))).hasMessageContaining("broken");
        substrate.broken = sequences -> false;
        assertThat(learner.due()).isFalse();
        assertThat(learner.failure()).isNull();
        assertThat(learner.metrics().refused()).isEqualTo(2);
        assertThat(learner.snapshot().labels()).isEmpty();
        Specs.learnAlone(substrate, learner, examples.subList(2, 20));
        assertThat(learner.metrics().examples()).isEqualTo(18);
    }

    @Test
    void aSharedPassThatFailsIsMadeAgainForEachHeadAlone() {
        List<Example> examples = Specs.labelled(8, 17);
        List<FptLearner> learners = new ArrayList<>();
        for (String name : List.of("long", "short", "other")) {
            learners.add(Specs.learner(substrate, Specs.classifier(name, Pooling.MEAN, Specs.learning(Specs.ALL, 2))));
        }
        FptLearner alone =
                Specs.learner(substrate, Specs.classifier("short", Pooling.MEAN, Specs.learning(Specs.ALL, 2)));
        Specs.learnAlone(substrate, alone, examples.subList(0, 2));
        for (int i = 0; i < 2; i++) {
            Example example = examples.get(i);
            learners.forEach(learner -> learner.take(example.observation(), example.target(), null));
        }
        int[] passes = {0};
        // Fails together, and for the head whose turn comes first; passes the others alone.
        substrate.broken = sequences -> sequences.size() > 2 || passes[0]++ == 0;
        assertThatThrownBy(() -> new FusedStep(substrate).run(learners)).hasMessageContaining("broken");
        substrate.broken = sequences -> false;
        assertThat(learners).extracting(learner -> learner.metrics().refused()).containsExactly(2L, 0L, 0L);
        assertThat(learners).extracting(learner -> learner.metrics().examples()).containsExactly(0L, 2L, 2L);
        assertThat(learners.get(1).parameters().readout())
                .isDeepEqualTo(alone.parameters().readout());
        assertThat(learners.get(1).metrics()).isEqualTo(alone.metrics());
    }

    @Test
    void manyHeadsShareAPassAndLongMinibatchesAreCut() {
        List<FptLearner> learners = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            learners.add(
                    Specs.learner(substrate, Specs.classifier("a" + i, Pooling.MEAN, Specs.learning(Specs.ALL, 1))));
        }
        Example example = Specs.labelled(1, 12).get(0);
        learners.forEach(learner -> learner.take(example.observation(), example.target(), null));
        new FusedStep(substrate).run(learners);
        assertThat(substrate.passes).isEqualTo(1);
        ModalitySpec wide = new ModalitySpec.Tensor(1, 60);
        FptLearner many = Specs.learner(
                substrate,
                Specs.spec("m", wide, new Task.Regression(1), Pooling.MEAN, Specs.learning(Specs.ALL, 100), 1));
        for (int n = 0; n < 100; n++) {
            many.take(new Observation.Tensor(new float[60], 1), new Target.Values(new float[] {n}), null);
        }
        substrate.passes = 0;
        new FusedStep(substrate).run(List.of(many));
        // 34 sequences of 60 tokens fit in 2,048
        assertThat(substrate.passes).isEqualTo(3);
        assertThat(many.metrics().updates()).isEqualTo(1);
    }

    @Test
    void memoryIsTwelveBytesANumberAndTheReplaySample() {
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", Pooling.CONCATENATE, Specs.replaying(4, 2, 8)));
        Specs.learnAlone(substrate, learner, Specs.labelled(40, 13));
        long parameters = learner.trainableParameters();
        assertThat(parameters).isEqualTo(3L * (5 * 6 + 1) + 24 + 30 + 12);
        assertThat(learner.residentBytes()).isBetween(12 * parameters, 12 * parameters + 10_000);
    }

    @Test
    void ratesMayChangeAndPartsMayNot() {
        HeadSpec spec = Specs.classifier("a", Pooling.MEAN, Specs.learning(Specs.ALL, 2));
        FptLearner learner = Specs.learner(substrate, spec);
        LearningSpec.Fpt learning = (LearningSpec.Fpt) spec.learning();
        HeadSpec slower = Specs.classifier("a", Pooling.MEAN, learning.with(1e-6, 0, 32));
        learner.update(slower);
        assertThat(learner.spec()).isEqualTo(slower);
        float[] before = learner.parameters().inside().input();
        Specs.learnAlone(substrate, learner, Specs.labelled(20, 14));
        float[] after = learner.parameters().inside().input();
        for (int i = 0; i < before.length; i++) {
            assertThat(after[i]).isCloseTo(before[i], within(1.2e-5f));
        }
        HeadSpec other = Specs.classifier("a", Pooling.MEAN, Specs.learning(Set.of(Part.NORMS), 2));
        assertThatThrownBy(() -> learner.update(other))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("unchanged");
    }
}
