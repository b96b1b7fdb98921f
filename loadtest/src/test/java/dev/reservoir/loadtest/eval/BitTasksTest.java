// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Fpt.Part;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.Target;
import dev.reservoir.v1.TokenLabelSet;
import dev.reservoir.v1.TokenLabelSets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class BitTasksTest {
    private static final EvalTask XOR = BitXor.task(new EvalTask.Amount(64, 128, 100));
    private static final EvalTask MEMORY = new BitMemory(5, 40, 10).task(new EvalTask.Amount(64, 50, 400));

    @Test
    void targetsOfTheSecondStringAreTheXorBitByBit() {
        for (int pair = 0; pair < 1024; pair++) {
            Example example = BitXor.item(pair).example();
            List<Integer> bits = example.getObservation().getTokens().getSymbolsList();
            List<String> labels = example.getTarget().getTokenLabels().getLabelsList();
            assertThat(bits).hasSize(10);
            assertThat(labels.subList(0, 5)).containsOnly("");
            for (int i = 0; i < 5; i++) {
                assertThat(labels.get(5 + i)).isEqualTo(bits.get(i).equals(bits.get(i + 5)) ? "0" : "1");
            }
        }
    }

    @Test
    void neverTrainsOnAPairThatIsHeldOut() {
        Set<Observation> validation = observations(XOR.heldOut().validation());
        Set<Observation> test = observations(XOR.heldOut().test());
        Set<Observation> trained = trained(XOR, 1, 2 * (1024 - 228));

        assertThat(validation).hasSize(128).doesNotContainAnyElementsOf(test);
        assertThat(test).hasSize(100);
        assertThat(trained).hasSize(1024 - 228).doesNotContainAnyElementsOf(validation);
        assertThat(trained).doesNotContainAnyElementsOf(test);
    }

    @Test
    void drawsInAnOrderThatDependsOnTheSeedAlone() {
        for (EvalTask task : List.of(XOR, MEMORY)) {
            assertThat(first(task, 3)).isEqualTo(first(task, 3)).isNotEqualTo(first(task, 4));
        }
        assertThat(observations(
                        BitXor.task(new EvalTask.Amount(16, 128, 100)).heldOut().test()))
                .isEqualTo(observations(XOR.heldOut().test()));
    }

    @Test
    void hasTheSizesOfThePaper() {
        EvalTask.Item item = BitMemory.PAPER.item(new Random(1));
        List<Float> values = item.example().getObservation().getTensor().getValuesList();

        assertThat(item.example().getObservation().getTensor().getColumns()).isEqualTo(50);
        assertThat(values).hasSize(120 * 50);
        assertThat(values.subList(0, 5000)).containsOnly(1f, -1f);
        assertThat(values.subList(5000, 6000)).contains(0f, 1f, -1f);
        TokenLabelSets truth = item.example().getTarget().getTokenLabelSets();
        assertThat(truth.getLabelsCount()).isEqualTo(50);
        assertThat(truth.getTokensCount()).isEqualTo(120);
        assertThat(truth.getTokensList().subList(0, 100)).allMatch(TokenLabelSet::getUnknown);
        assertThat(truth.getTokensList().subList(100, 120))
                .noneMatch(TokenLabelSet::getUnknown)
                .noneMatch(token -> token.getIndicesCount() == 0);
        EvalTask task = BitMemory.PAPER.task(new EvalTask.Amount(16, 1, 1));
        assertThat(task.heads().tokens()).isEqualTo(120);
        assertThat(task.heads().fpt().getTask().getTokenMultiLabel().getLabelsList())
                .isEqualTo(truth.getLabelsList());
        assertThat(task.form())
                .isEqualTo(
                        "5 patterns of 1,000 bits, 50 a token, 120 tokens; asked for all 1,000 bits, 50 on each of the"
                                + " last 20 tokens; an FPT head's rate ends at a quarter");
        assertThat(Contender.FPT.head(task, 1e-3, 1).getLearning().getFpt())
                .isEqualTo(task.heads().fpt().getLearning().getFpt().toBuilder()
                        .addAllParts(List.of(Part.READOUT, Part.NORMS, Part.INPUT, Part.POSITIONS))
                        .setLearningRate(1e-3)
                        .setMinibatch(4)
                        .setHalfLifeSteps(2)
                        .build());
    }

    /** Every bit of one of the patterns is a target, and each is shown or masked with equal probability. */
    @Test
    void targetsEveryBitOfAPatternAndMasksHalf() {
        int masked = 0;
        for (int draw = 0; draw < 20; draw++) {
            EvalTask.Item item = BitMemory.PAPER.item(new Random(draw));
            List<Float> values = item.example().getObservation().getTensor().getValuesList();
            List<Boolean> truth = bits(item.example().getTarget());
            assertThat(truth).hasSize(1_000);
            assertThat(IntStream.range(0, 5)
                            .mapToObj(pattern -> signs(values.subList(1_000 * pattern, 1_000 * pattern + 1_000))))
                    .contains(truth);
            for (int bit = 0; bit < 1_000; bit++) {
                float shown = values.get(5_000 + bit);
                assertThat(item.hard().get(5_000 + bit)).isEqualTo(shown == 0);
                assertThat(shown == 0 || shown > 0 == truth.get(bit)).isTrue();
            }
            assertThat(item.hard().nextSetBit(0)).isGreaterThanOrEqualTo(5_000);
            masked += item.hard().cardinality();
        }
        // Four standard deviations of 20,000 fair draws.
        assertThat(masked / 20_000.0).isCloseTo(0.5, within(0.0142));
    }

    private static List<Boolean> signs(List<Float> values) {
        return values.stream().map(value -> value > 0).toList();
    }

    /** The targets, token after token. */
    private static List<Boolean> bits(Target target) {
        TokenLabelSets sets = target.getTokenLabelSets();
        List<Boolean> bits = new ArrayList<>();
        for (TokenLabelSet token : sets.getTokensList()) {
            if (!token.getUnknown()) {
                for (int bit = 0; bit < sets.getLabelsCount(); bit++) {
                    bits.add(token.getIndicesList().contains(bit));
                }
            }
        }
        return bits;
    }

    /** A pattern that agrees with every bit shown is the target. */
    @Test
    void isAnsweredByThePatternThatAgreesWithTheQuery() {
        for (EvalTask.Item item : MEMORY.heldOut().test()) {
            List<Float> values = item.example().getObservation().getTensor().getValuesList();
            List<Float> query = values.subList(200, 240);
            List<List<Float>> agreeing = IntStream.range(0, 5)
                    .mapToObj(pattern -> values.subList(40 * pattern, 40 * pattern + 40))
                    .filter(pattern -> IntStream.range(0, 40)
                            .allMatch(bit ->
                                    query.get(bit) == 0f || query.get(bit).equals(pattern.get(bit))))
                    .toList();
            assertThat(agreeing).isNotEmpty();
            assertThat(agreeing.stream().map(BitTasksTest::signs))
                    .contains(bits(item.example().getTarget()));
        }
    }

    /** Shown bits copied, others guessed: three quarters are correct, and half of the masked ones. */
    @Test
    void hasAFloorOfThreeQuarters() {
        Random guess = new Random(5);
        int total = 0;
        int right = 0;
        int masked = 0;
        for (EvalTask.Item item : MEMORY.heldOut().test()) {
            List<Float> values = item.example().getObservation().getTensor().getValuesList();
            List<Boolean> truth = bits(item.example().getTarget());
            for (int bit = 0; bit < 40; bit++) {
                float shown = values.get(200 + bit);
                boolean answer = shown == 0 ? guess.nextBoolean() : shown > 0;
                total++;
                masked += shown == 0 ? 1 : 0;
                right += answer == truth.get(bit) ? 1 : 0;
            }
        }
        assertThat((double) masked / total).isCloseTo(0.5, within(0.05));
        assertThat((double) right / total).isCloseTo(MEMORY.scoring().floor().accuracy(), within(0.05));
        assertThat(MEMORY.scoring().floor().accuracy()).isEqualTo(0.75);
    }

    @Test
    void neverTrainsOnAnObservationThatIsHeldOut() {
        // 1 pattern of 4 bits, 2 a token: few enough that every observation comes up again and again.
        EvalTask tiny = new BitMemory(1, 4, 2).task(new EvalTask.Amount(16, 40, 40));
        Set<Observation> heldOut = observations(tiny.heldOut().validation());

        assertThat(heldOut)
                .hasSize(40)
                .doesNotContainAnyElementsOf(observations(tiny.heldOut().test()));
        heldOut.addAll(observations(tiny.heldOut().test()));
        assertThat(trained(tiny, 1, 3_000)).hasSize(16 * 16 - 80).doesNotContainAnyElementsOf(heldOut);
    }

    @Test
    void theControlPredictsTheSameBitsAsASet() {
        Example example = BitXor.item(0b10110_00111).example();

        assertThat(Targets.asSet(example).getTarget().getLabels().getLabelsList())
                .containsExactlyElementsOf(IntStream.range(0, 10)
                        .filter(token -> example.getTarget()
                                .getTokenLabels()
                                .getLabels(token)
                                .equals("1"))
                        .mapToObj(token -> "bit-" + token)
                        .toList())
                .hasSize(2);
        assertThat(XOR.heads().control().getTask().getMultiLabel().getLabelsList())
                .containsExactly("bit-5", "bit-6", "bit-7", "bit-8", "bit-9");

        Example memory = MEMORY.heldOut().test().get(0).example();
        List<Boolean> bits = bits(memory.getTarget());
        assertThat(Targets.asSet(memory).getObservation()).isEqualTo(memory.getObservation());
        assertThat(Targets.asSet(memory).getTarget().getLabels().getLabelsList())
                .containsExactlyElementsOf(IntStream.range(0, 40)
                        .filter(bits::get)
                        .mapToObj(bit -> "bit-" + (200 + bit))
                        .toList());
        assertThat(MEMORY.heads().control().getTask().getMultiLabel().getLabelsList())
                .hasSize(40)
                .startsWith("bit-200")
                .endsWith("bit-239");
    }

    /** Cells of an earlier form with one bit per token, or of another minibatch, must not be reused. */
    @Test
    void fingerprintIncludesFormAndMinibatch() {
        assertThat(MEMORY.fingerprint())
                .isEqualTo("SMALLER THAN THE PAPER'S: 5 patterns of 40 bits, 10 a token, 24 tokens; asked for all 40"
                        + " bits, 10 on each of the last 4 tokens; an FPT head's rate ends at a quarter;"
                        + " generated; 64 examples by 4, 50 validation, 400 test");
        assertThat(XOR.fingerprint()).contains("64 examples by 16, ");
    }

    @Test
    void refusesBitsThatDoNotFillTokens() {
        assertThatThrownBy(() -> new BitMemory(5, 45, 10))
                .hasMessage("bits: 45, 10 a token (expected: a multiple), patterns: 5");
    }

    private static Set<Observation> observations(List<EvalTask.Item> items) {
        Set<Observation> all = new HashSet<>();
        items.forEach(item -> all.add(item.example().getObservation()));
        return all;
    }

    private static Set<Observation> trained(EvalTask task, long seed, int count) {
        EvalTask.Sequence training = task.training().stream().from(seed);
        Set<Observation> all = new HashSet<>();
        for (int i = 0; i < count; i++) {
            all.add(training.next().example().getObservation());
        }
        return all;
    }

    private static List<EvalTask.Item> first(EvalTask task, long seed) {
        EvalTask.Sequence training = task.training().stream().from(seed);
        return IntStream.range(0, 20).mapToObj(i -> training.next()).toList();
    }
}
