package dev.reservoir.loadtest.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.v1.Example;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** What is particular to one workload, against its file read a second way. */
final class WorkloadDataTest {

    private static final long SEED = 7;

    @Test
    void sentimentHoldsOutEqualPartsOfEachSourceAndLabel() throws IOException {
        Map<String, String> groupOfText = new HashMap<>();
        Map<String, Integer> occurrences = new HashMap<>();
        for (String line : lines("sentiment.tsv.gz")) {
            String[] fields = line.split("\t", 3);
            groupOfText.put(fields[2], fields[0] + " " + fields[1]);
            occurrences.merge(fields[2], 1, Integer::sum);
        }
        Map<String, Integer> heldOut = new HashMap<>();
        for (Example example : SentimentData.load(SEED).test()) {
            String text = example.getObservation().getText();
            assertThat(occurrences.get(text)).isEqualTo(1);
            assertThat(groupOfText.get(text)).endsWith(example.getTarget().getLabel());
            heldOut.merge(Objects.requireNonNull(groupOfText.get(text)), 1, Integer::sum);
        }
        assertThat(heldOut).hasSize(6);
        assertThat(heldOut.values()).allMatch(count -> count == 166 || count == 167);
    }

    @Test
    void languageHoldsOutWholeArticlesAndLetsHalfOfTheLabelsAppear() throws IOException {
        Map<String, Integer> articleOf = new HashMap<>();
        for (String line : lines("udhr.tsv.gz")) {
            String[] fields = line.split("\t", 3);
            articleOf.put(fields[0] + fields[2], Integer.parseInt(fields[1]));
        }
        Workload workload = LanguageData.load(SEED);
        Set<Integer> trained = articles(workload.train(), articleOf);
        Set<Integer> tested = articles(workload.test(), articleOf);
        assertThat(tested).hasSize(8).doesNotContain(0).doesNotContainAnyElementsOf(trained);
        assertThat(trained).hasSize(23).contains(0);

        List<String> known = workload.spec().getTask().getClassification().getLabelsList();
        Set<String> all = workload.train().stream()
                .map(example -> example.getTarget().getLabel())
                .collect(Collectors.toSet());
        assertThat(known).hasSize(12);
        assertThat(all).hasSize(24).containsAll(known);
    }

    private static Set<Integer> articles(List<Example> examples, Map<String, Integer> articleOf) {
        Set<Integer> articles = new HashSet<>();
        for (Example example : examples) {
            articles.add(Objects.requireNonNull(articleOf.get(
                    example.getTarget().getLabel() + example.getObservation().getText())));
        }
        return articles;
    }

    @Test
    void mnistSendsTheSamePixelsRawAndAsPng() throws IOException {
        Workload workload = MnistData.load(SEED);
        assertThat(workload.train())
                .allMatch(example -> example.getObservation().getImage().hasRaw());
        assertThat(workload.test())
                .allMatch(example -> example.getObservation().getImage().hasEncoded());
        byte[] file = gunzip("mnist-test-images.idx.gz");
        byte[] labels = gunzip("mnist-test-labels.idx.gz");
        Map<String, Byte> classOf = new HashMap<>();
        for (int item = 0; item < 1_000; item++) {
            Example example = workload.test().get(item);
            assertThat(ContractLimits.pixels(example.getObservation().getImage()))
                    .isEqualTo(Arrays.copyOfRange(file, 16 + item * 784, 16 + (item + 1) * 784));
            byte label = labels[8 + item];
            assertThat(classOf.merge(example.getTarget().getLabel(), label, (a, b) -> a))
                    .isEqualTo(label);
        }
        assertThat(classOf)
                .hasSize(10)
                .allSatisfy((label, value) -> assertThat(label).isEqualTo(Byte.toString(value)));
    }

    @Test
    void spliceKeepsEachUnambiguousSequenceOnce() throws IOException {
        Map<String, Set<String>> labels = new HashMap<>();
        for (String line : lines("splice.tsv.gz")) {
            labels.computeIfAbsent(line.split("\t", 2)[1], bases -> new HashSet<>())
                    .add(line.split("\t", 2)[0]);
        }
        labels.values().removeIf(set -> set.size() > 1);
        Workload workload = SpliceData.load(SEED);
        Map<String, Set<String>> found = new HashMap<>();
        for (List<Example> part : List.of(workload.train(), workload.test())) {
            for (Example example : part) {
                String bases = example.getObservation().getTokens().getSymbolsList().stream()
                        .map(symbol -> List.of("A", "C", "G", "T").get(symbol))
                        .collect(Collectors.joining());
                assertThat(found.put(bases, Set.of(example.getTarget().getLabel())))
                        .isNull();
            }
        }
        assertThat(found).isEqualTo(labels).hasSize(3_000);
    }

    @Test
    void spliceDonorsAndAcceptorsShowTheirConsensus() {
        // An intron begins with GT and ends with AG (Breathnach and Chambon 1981, doi
        // 10.1146/annurev.bi.50.070181.002025),
        // here right after and right before the middle.
        long donors = 0;
        long acceptors = 0;
        for (Example example : SpliceData.load(SEED).test()) {
            List<Integer> bases = example.getObservation().getTokens().getSymbolsList();
            String label = example.getTarget().getLabel();
            donors += label.equals("ei") && bases.subList(30, 32).equals(List.of(2, 3)) ? 1 : 0;
            acceptors += label.equals("ie") && bases.subList(28, 30).equals(List.of(0, 2)) ? 1 : 0;
        }
        assertThat(donors).isGreaterThan(200);
        assertThat(acceptors).isGreaterThan(200);
    }

    @Test
    void demandBaselineIsTheBestOfThreeRecomputedFromTheFile() throws IOException {
        List<String> lines = lines("taylor.txt.gz");
        double[] demand = lines.stream().mapToDouble(Double::parseDouble).toArray();
        assertThat(demand).hasSize(4_032);
        double last = 0;
        double day = 0;
        double week = 0;
        int numbers = 0;
        for (int origin = 3_024; origin + 12 <= demand.length; origin++) {
            for (int step = 0; step < 12; step++, numbers++) {
                last += Math.abs(demand[origin + step] - demand[origin - 1]);
                day += Math.abs(demand[origin + step] - demand[origin + step - 48]);
                week += Math.abs(demand[origin + step] - demand[origin + step - 336]);
            }
        }
        assertThat(week).isLessThan(day);
        assertThat(day).isLessThan(last);
        Workload workload = DemandData.load();
        assertThat(workload.baseline()).isCloseTo(week / numbers, within(1e-6));
        assertThat(workload.baselineName()).isEqualTo("as one week before");
        assertThat(workload.higherIsBetter()).isFalse();
        assertThat(workload.beatsBaseline(workload.baseline())).isFalse();
        assertThat(workload.beatsBaseline(workload.baseline() - 1)).isTrue();
    }

    @Test
    void demandNeverLearnsATestedValue() throws IOException {
        double[] demand =
                lines("taylor.txt.gz").stream().mapToDouble(Double::parseDouble).toArray();
        Workload workload = DemandData.load();
        for (int example = 0; example < workload.train().size(); example++) {
            // Example n has its targets from number 336 + n; the last one ends where the test targets begin.
            assertThat(numbers(workload.train().get(example))).isEqualTo(slice(demand, example, 348));
        }
        assertThat(workload.train().size() - 1 + 348).isEqualTo(3_024);
        for (int example = 0; example < workload.test().size(); example++) {
            assertThat(numbers(workload.test().get(example))).isEqualTo(slice(demand, 3_024 - 336 + example, 348));
        }
    }

    private static List<Double> numbers(Example example) {
        List<Double> numbers = new ArrayList<>();
        example.getObservation().getSeries().getValuesList().forEach(value -> numbers.add((double) value));
        example.getTarget().getValues().getValuesList().forEach(value -> numbers.add((double) value));
        return numbers;
    }

    private static List<Double> slice(double[] numbers, int from, int length) {
        return IntStream.range(from, from + length).mapToObj(at -> numbers[at]).toList();
    }

    @Test
    void digitVoicesSpeakEachDigitOnceInOnePartOnly() throws IOException {
        Map<String, Set<String>> partsOf = new HashMap<>();
        Map<String, List<String>> wordsOf = new HashMap<>();
        for (String line : lines("digits.tsv.gz")) {
            String[] fields = line.split("\t", 6);
            for (String half : fields[1].split("\\+", 2)) {
                partsOf.computeIfAbsent(half, key -> new HashSet<>()).add(fields[0]);
            }
            wordsOf.computeIfAbsent(fields[1], key -> new ArrayList<>()).add(fields[4]);
        }
        assertThat(partsOf.values()).allMatch(parts -> parts.size() == 1);
        assertThat(wordsOf).hasSize(80);
        assertThat(wordsOf.values())
                .allSatisfy(words -> assertThat(words).hasSize(10).doesNotHaveDuplicates());
    }

    @Test
    void digitsAreTenDecibelsAboveTheirNoise() {
        List<SpokenClip> clips =
                SpokenClip.read(new Resource("digits.tsv.gz"), new Resource("digits.mulaw.gz")).stream()
                        .filter(clip -> clip.part().equals("test"))
                        .toList();
        List<Example> test = DigitData.load(SEED).test();
        for (int at = 0; at < clips.size(); at++) {
            SpokenClip clip = clips.get(at);
            ByteBuffer pcm = test.get(at)
                    .getObservation()
                    .getAudio()
                    .getPcm16()
                    .asReadOnlyByteBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(pcm.remaining()).isEqualTo(2 * 6_400);
            double energy = 0;
            while (pcm.hasRemaining()) {
                double sample = pcm.getShort() / 32_767.0;
                energy += sample * sample;
            }
            double word = clip.power() * clip.length();
            double noise = clip.power() / 10 * 6_400;
            // The sum of two independent sounds; what clipping takes and chance adds stays within a tenth.
            assertThat(energy).isCloseTo(word + noise, within(0.1 * (word + noise)));
            assertThat(test.get(at).getTarget().getLabel()).isEqualTo(clip.word());
        }
    }

    @Test
    void clipsExpandEveryCodeToTheValueItStandsFor() {
        // Codes -127 to 127 in steps of one, begun by the difference from 0.
        byte[] differences = new byte[255];
        Arrays.fill(differences, (byte) 1);
        differences[0] = -127;
        List<String[]> index = List.<String[]>of(new String[] {"train", "voice", "150", "50", "one", "255"});
        SpokenClip clip = SpokenClip.parse(index, "clips", differences).get(0);
        for (int code = -127; code <= 127; code++) {
            double sample = clip.sample(code + 127);
            double compressed = Math.signum(sample) * Math.log1p(255 * Math.abs(sample)) / Math.log(256);
            assertThat(compressed * 127).isCloseTo(code, within(1e-9));
        }
        assertThat(clip.sample(254)).isCloseTo(1, within(1e-12));
    }

    @Test
    void clipsRefuseSamplesThatAreMissingOrLeft() {
        List<String[]> index = List.<String[]>of(new String[] {"train", "voice", "150", "50", "one", "4"});
        assertThatThrownBy(() -> SpokenClip.parse(index, "clips", new byte[3]))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("clips: 3 samples (expected: at least 4)");
        assertThatThrownBy(() -> SpokenClip.parse(index, "clips", new byte[5]))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("clips: 5 samples (expected: 4)");
    }

    @Test
    void bitsAreLabelledByTheirXorAndNoSingleBitTells() {
        Workload workload = XorBits.generate(SEED);
        int[] agreements = new int[16];
        for (Example example : workload.train()) {
            List<Integer> bits = example.getObservation().getTokens().getSymbolsList();
            int differ = example.getTarget().getLabel().equals("differ") ? 1 : 0;
            assertThat(bits).hasSize(16);
            assertThat((bits.get(2) + bits.get(13)) % 2).isEqualTo(differ);
            for (int place = 0; place < 16; place++) {
                agreements[place] += bits.get(place) == differ ? 1 : 0;
            }
        }
        // Five standard deviations of 2,000 fair coins.
        for (int agreement : agreements) {
            assertThat(agreement).isBetween(1_000 - 112, 1_000 + 112);
        }
    }

    @Test
    void idxFilesRefuseAnotherTypeAndAnotherSize() {
        byte[] floats = {0, 0, 0x0d, 1, 0, 0, 0, 0};
        assertThatThrownBy(() -> IdxFile.parse("x.idx", floats))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("x.idx: magic 3329 (expected: 2049 to 2303)");
        byte[] cut = {0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5};
        assertThatThrownBy(() -> IdxFile.parse("x.idx", cut))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("x.idx: 5 bytes of data (expected: 2 x 3)");
        byte[] whole = {0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
        assertThat(IdxFile.parse("x.idx", whole).item(1)).containsExactly(4, 5, 6);
    }

    @Test
    void resourcesThatAreMissingAreNamed() {
        assertThatThrownBy(() -> new Resource("absent.gz").bytes())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("absent.gz");
        assertThatThrownBy(() -> new Resource("splice.tsv.gz").rows(3))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("splice.tsv.gz: 2 fields (expected: 3)");
    }

    @Test
    void workloadsRefuseWhatTheirReaderCouldNotUse() {
        Workload sound = XorBits.generate(SEED);
        assertThatThrownBy(() -> with(sound, "Bits", "accuracy", sound.test(), 0.5))
                .hasMessageContaining("id: \"Bits\"");
        assertThatThrownBy(() -> with(sound, "bits", "f1", sound.test(), 0.5)).hasMessageContaining("metric: \"f1\"");
        assertThatThrownBy(() -> with(sound, "bits", "mae", List.of(), 0.5)).hasMessageContaining("0 test");
        assertThatThrownBy(() -> with(sound, "bits", "mae", sound.test(), Double.NaN))
                .hasMessageContaining("baseline: NaN");
    }

    private static Workload with(Workload sound, String id, String metric, List<Example> test, double baseline) {
        return new Workload(
                id,
                sound.title(),
                sound.spec(),
                metric,
                sound.train(),
                test,
                baseline,
                sound.baselineName(),
                sound.source());
    }

    private static byte[] gunzip(String name) throws IOException {
        try (GZIPInputStream file =
                new GZIPInputStream(Objects.requireNonNull(Workloads.class.getResourceAsStream(name)))) {
            return file.readAllBytes();
        }
    }

    private static List<String> lines(String name) throws IOException {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                new GZIPInputStream(Objects.requireNonNull(Workloads.class.getResourceAsStream(name))),
                StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }
}
