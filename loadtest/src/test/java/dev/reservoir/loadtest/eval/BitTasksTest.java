package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Observation;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class BitTasksTest {
    private static final EvalTask XOR = BitXor.task(new Amount(64, 128, 100));
    private static final EvalTask MEMORY = new BitMemory(5, 40, 10).task(new Amount(64, 50, 400));

    @Test
    void asksForTheXorOfTheSecondStringBitByBit() {
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
        Set<Observation> validation = observations(XOR.validation());
        Set<Observation> test = observations(XOR.test());
        Set<Observation> trained = trained(XOR, 1, 2 * (1024 - 228));

        assertThat(validation).hasSize(128).doesNotContainAnyElementsOf(test);
        assertThat(test).hasSize(100);
        assertThat(trained).hasSize(1024 - 228).doesNotContainAnyElementsOf(validation);
        assertThat(trained).doesNotContainAnyElementsOf(test);
    }

    @Test
    void drawsTheSameForTheSameSeedAndElseInAnotherOrder() {
        for (EvalTask task : List.of(XOR, MEMORY)) {
            assertThat(first(task, 3)).isEqualTo(first(task, 3)).isNotEqualTo(first(task, 4));
        }
        assertThat(observations(BitXor.task(new Amount(16, 128, 100)).test())).isEqualTo(observations(XOR.test()));
    }

    @Test
    void isThePapersMemoryBySize() {
        Item item = BitMemory.PAPER.item(new Random(1));
        List<Float> values = item.example().getObservation().getTensor().getValuesList();

        assertThat(item.example().getObservation().getTensor().getColumns()).isEqualTo(50);
        assertThat(values).hasSize(120 * 50);
        assertThat(values.subList(0, 5000)).containsOnly(1f, -1f);
        assertThat(values.subList(5000, 6000)).contains(0f, 1f, -1f);
        assertThat(item.example().getTarget().getTokenLabels().getLabelsList().subList(0, 100))
                .containsOnly("");
        assertThat(item.example().getTarget().getTokenLabels().getLabelsList().subList(100, 120))
                .containsOnly("0", "1");
    }

    /** The pattern that agrees with every bit shown is the one that was asked for. */
    @Test
    void isAnsweredByThePatternThatAgreesWithTheQuery() {
        for (Item item : MEMORY.test()) {
            List<Float> values = item.example().getObservation().getTensor().getValuesList();
            List<Float> query = values.subList(200, 240);
            List<List<Float>> agreeing = IntStream.range(0, 5)
                    .mapToObj(pattern -> values.subList(40 * pattern, 40 * pattern + 40))
                    .filter(pattern -> IntStream.range(0, 40)
                            .allMatch(bit ->
                                    query.get(bit) == 0f || query.get(bit).equals(pattern.get(bit))))
                    .toList();
            assertThat(agreeing).isNotEmpty();
            List<String> labels = item.example().getTarget().getTokenLabels().getLabelsList();
            assertThat(agreeing)
                    .anySatisfy(pattern -> assertThat(labels.subList(20, 24))
                            .isEqualTo(IntStream.range(0, 4)
                                    .mapToObj(token -> pattern.get(10 * token) == 1f ? "1" : "0")
                                    .toList()));
        }
    }

    /** Shown bits copied, others guessed: three quarters are right, and half of what is masked. */
    @Test
    void hasAFloorOfThreeQuarters() {
        Random guess = new Random(5);
        int asked = 0;
        int right = 0;
        int masked = 0;
        for (Item item : MEMORY.test()) {
            List<Float> values = item.example().getObservation().getTensor().getValuesList();
            List<String> labels = item.example().getTarget().getTokenLabels().getLabelsList();
            for (int token = 20; token < 24; token++) {
                float shown = values.get(10 * token);
                assertThat(item.hard().get(token)).isEqualTo(shown == 0);
                String answer = shown == 0 ? Integer.toString(guess.nextInt(2)) : shown == 1 ? "1" : "0";
                asked++;
                masked += shown == 0 ? 1 : 0;
                right += answer.equals(labels.get(token)) ? 1 : 0;
            }
        }
        assertThat((double) masked / asked).isCloseTo(0.5, within(0.05));
        assertThat((double) right / asked).isCloseTo(MEMORY.floor(), within(0.05));
        assertThat(MEMORY.floor()).isEqualTo(0.75);
    }

    @Test
    void neverTrainsOnAnObservationThatIsHeldOut() {
        // 1 pattern of 4 bits, 2 a token: few enough that every observation comes up again and again.
        EvalTask tiny = new BitMemory(1, 4, 2).task(new Amount(16, 40, 40));
        Set<Observation> heldOut = observations(tiny.validation());

        assertThat(heldOut).hasSize(40).doesNotContainAnyElementsOf(observations(tiny.test()));
        heldOut.addAll(observations(tiny.test()));
        assertThat(trained(tiny, 1, 3_000)).hasSize(16 * 16 - 80).doesNotContainAnyElementsOf(heldOut);
    }

    @Test
    void asksTheControlForTheSameBitsAsASet() {
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
        assertThat(XOR.control().getTask().getMultiLabel().getLabelsList())
                .containsExactly("bit-5", "bit-6", "bit-7", "bit-8", "bit-9");
    }

    @Test
    void refusesBitsThatDoNotFillTokens() {
        assertThatThrownBy(() -> new BitMemory(5, 45, 10))
                .hasMessage("bits: 45, 10 a token (expected: a multiple), patterns: 5");
    }

    private static Set<Observation> observations(List<Item> items) {
        Set<Observation> all = new HashSet<>();
        items.forEach(item -> all.add(item.example().getObservation()));
        return all;
    }

    private static Set<Observation> trained(EvalTask task, long seed, int count) {
        EvalTask.Training training = task.stream().from(seed);
        Set<Observation> all = new HashSet<>();
        for (int i = 0; i < count; i++) {
            all.add(training.next().example().getObservation());
        }
        return all;
    }

    private static List<Item> first(EvalTask task, long seed) {
        EvalTask.Training training = task.stream().from(seed);
        return IntStream.range(0, 20).mapToObj(i -> training.next()).toList();
    }
}
