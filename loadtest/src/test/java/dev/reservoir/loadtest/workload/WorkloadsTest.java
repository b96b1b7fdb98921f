// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Properties common to all workloads, and the size of each. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WorkloadsTest {

    private final Workloads workloads = new Workloads(Workloads.DEMO_SEED);

    Stream<Workload> all() {
        return workloads.all().stream();
    }

    Stream<Workload> classifications() {
        return all().filter(Workload::higherIsBetter);
    }

    @ParameterizedTest
    @CsvSource({
        "text-sentiment, 2000, 1000, 2",
        "text-language, 1094, 312, 24",
        "image-digits, 2000, 1000, 10",
        "dna-splice, 2000, 1000, 3",
        "series-demand, 2677, 997, 0",
        "audio-digits, 600, 200, 10",
        "bits-xor, 2000, 500, 2",
        "image-digits-fpt, 1200, 1000, 10",
        "bits-xor-fpt, 1504, 500, 2"
    })
    void haveStatedNumbersOfExamplesAndLabels(String id, int train, int test, int labels) {
        Workload workload = workloads.byId(id);
        assertThat(workload.train()).hasSize(train);
        assertThat(workload.test()).hasSize(test);
        if (labels > 0) {
            Set<String> learned = counts(workload.train()).keySet();
            assertThat(learned).hasSize(labels);
            assertThat(counts(workload.test()).keySet()).isEqualTo(learned);
        }
    }

    @Test
    void coverSevenTasksOverFiveModalities() {
        assertThat(workloads.all()).extracting(Workload::id).hasSize(11).doesNotHaveDuplicates();
        assertThat(readouts()).hasSize(7);
        assertThat(workloads.all())
                .extracting(workload -> workload.spec().getModality().getKindCase())
                .satisfies(kinds -> assertThat(new HashSet<>(kinds)).hasSize(5));
    }

    @ParameterizedTest
    @MethodSource("all")
    void keepEveryLimitOfTheContract(Workload workload) throws IOException {
        ContractLimits.check(workload.spec());
        for (Example example : workload.train()) {
            ContractLimits.check(workload.spec(), example);
        }
        for (Example example : workload.test()) {
            ContractLimits.check(workload.spec(), example);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void shareNoObservationBetweenTrainAndTest(Workload workload) throws IOException {
        Set<Object> trained = new HashSet<>();
        for (Example example : workload.train()) {
            trained.add(content(example));
        }
        for (Example example : workload.test()) {
            assertThat(trained.contains(content(example))).isFalse();
        }
    }

    /** The content as a reader would compare it: letters ignoring case and spacing, pixels ignoring the encoding. */
    private static Object content(Example example) throws IOException {
        return switch (example.getObservation().getInputCase()) {
            case TEXT ->
                String.join(
                        " ",
                        example.getObservation()
                                .getText()
                                .toLowerCase(Locale.ROOT)
                                .strip()
                                .split("\\s+", -1));
            case IMAGE ->
                ByteBuffer.wrap(ContractLimits.pixels(example.getObservation().getImage()));
            default -> example.getObservation();
        };
    }

    @ParameterizedTest
    @MethodSource("classifications")
    void stateTheMajorityLabelsShareAsBaseline(Workload workload) {
        String majority = "";
        for (Map.Entry<String, Integer> label : counts(workload.train()).entrySet()) {
            int most = counts(workload.train()).getOrDefault(majority, 0);
            boolean first = label.getKey().compareTo(majority) < 0;
            if (label.getValue() > most || (label.getValue() == most && first)) {
                majority = label.getKey();
            }
        }
        double share = (double) counts(workload.test()).getOrDefault(majority, 0)
                / workload.test().size();
        assertThat(workload.baseline().score()).isEqualTo(share);
        assertThat(workload.baseline().name()).isEqualTo("always " + majority);
        assertThat(workload.metric()).isEqualTo("accuracy");
    }

    Stream<Workload> readouts() {
        return all().filter(workload -> workload.spec().getKind() != Head.Kind.FPT);
    }

    @Test
    void haveTheSameTaskThroughTheSubstrateForFourOfThem() {
        List<Workload> through = all().filter(workload -> workload.spec().getKind() == Head.Kind.FPT)
                .toList();
        assertThat(through).hasSize(4);
        for (Workload workload : through) {
            Workload readout = workloads.byId(workload.id().replace(Workload.FPT_SUFFIX, ""));
            assertThat(readout.train()).startsWith(workload.train().toArray(Example[]::new));
            assertThat(workload.test()).isEqualTo(readout.test());
            assertThat(workload.spec().getLearning().getFpt().hasCompanion()).isTrue();
            Head control = workload.controlSpec();
            assertThat(control.getKind()).isEqualTo(Head.Kind.READOUT);
            assertThat(control.getLearning().hasGradient()).isTrue();
            assertThat(control.getEncoder().getPooling()).isEqualTo(Encoder.Pooling.INPUT_ONLY);
        }
    }

    @ParameterizedTest
    @MethodSource("readouts")
    void differFromTheirControlInPoolingAlone(Workload workload) {
        assertThat(workload.controlSpec().getEncoder().getPooling()).isEqualTo(Encoder.Pooling.INPUT_ONLY);
        assertThat(workload.controlSpec().toBuilder().clearEncoder().build())
                .isEqualTo(workload.spec().toBuilder().clearEncoder().build());
        assertThat(workload.controlSpec()).isNotEqualTo(workload.spec());
    }

    @Test
    void dependOnTheSeedAlone() {
        assertThat(Workloads.demo().equals(workloads.all())).isTrue();
        List<Workload> others = new Workloads(Workloads.DEMO_SEED + 1).all();
        for (Workload other : others) {
            boolean seeded = !other.id().equals("series-demand");
            assertThat(other.train().equals(workloads.byId(other.id()).train())).isEqualTo(!seeded);
        }
    }

    @Test
    void listTheKnownIdsIfOneIsUnknown() {
        assertThatThrownBy(() -> workloads.byId("smell"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"smell\"")
                .hasMessageContaining("bits-xor");
    }

    @Test
    void streamLabelsInMixedOrder() {
        // The first tenth of a shuffled stream has every label of a balanced task; a sorted one does not.
        for (Workload workload : List.of(workloads.byId("image-digits"), workloads.byId("audio-digits"))) {
            List<Example> start = workload.train().subList(0, workload.train().size() / 10);
            assertThat(counts(start).keySet())
                    .isEqualTo(counts(workload.train()).keySet());
        }
    }

    @Test
    void shipAtMostSixMegabytesAndCiteTheSourceOfEachFile() throws IOException, URISyntaxException {
        Path listing = Path.of(Objects.requireNonNull(Workloads.class.getResource("SOURCES.md"))
                .toURI());
        String sources =
                Files.readString(listing).replace("{train,test}", "test").replace("{images,labels}", "images");
        long bytes = 0;
        List<String> names = new ArrayList<>();
        try (Stream<Path> files = Files.list(Objects.requireNonNull(listing.getParent()))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".gz")).toList()) {
                bytes += Files.size(file);
                names.add(file.getFileName().toString());
            }
        }
        assertThat(bytes).isBetween(1L, 6_000_000L);
        assertThat(names).hasSize(10);
        assertThat(names)
                .allSatisfy(name -> assertThat(sources)
                        .contains(name.replace("train", "test").replace("labels", "images")));
    }

    private static Map<String, Integer> counts(List<Example> examples) {
        Map<String, Integer> counts = new HashMap<>();
        for (Example example : examples) {
            counts.merge(example.getTarget().getLabel(), 1, Integer::sum);
        }
        return counts;
    }

    @ParameterizedTest
    @CsvSource({
        "text-sentiment, 0.5, 0.5",
        "text-language, 0.03, 0.06",
        "image-digits, 0.1, 0.1",
        "dna-splice, 0.19, 0.59",
        "audio-digits, 0.1, 0.1",
        "bits-xor, 0.45, 0.55"
    })
    void balanceLabelsAsStated(String id, double least, double most) {
        for (List<Example> part :
                List.of(workloads.byId(id).train(), workloads.byId(id).test())) {
            for (int count : counts(part).values()) {
                assertThat((double) count / part.size()).isBetween(least - 1e-9, most + 1e-9);
            }
        }
    }
}
