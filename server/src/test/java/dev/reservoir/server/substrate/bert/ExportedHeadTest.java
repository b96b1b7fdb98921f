// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import com.google.protobuf.TextFormat;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.codec.HeadCodec;
import dev.reservoir.heads.file.HeadFile;
import dev.reservoir.heads.file.SafetensorsInput;
import dev.reservoir.heads.file.SafetensorsOutput;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.memory.ServerMemory;
import dev.reservoir.server.mixing.WordTokenizer;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.substrate.torch.Products;
import dev.reservoir.v1.Head;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A head's TorchScript file, loaded again by itself, against the head. */
final class ExportedHeadTest {
    private static final String ROWS = "modality { tensor { width: 5 max_rows: 4 } } ";
    private static final String CLASSES = "task { classification { } } ";

    private final SplittableRandom random = new SplittableRandom(4);
    private final BertWeights weights = BertWeights.random(new BertShape(2, 48, 3, 60, 1_000, 40, 2, 1e-12), 3);
    private PlainBert plain;
    private BertSubstrate substrate;
    private HeadFactory factory;
    private PtNDManager manager;

    @BeforeEach
    void open() {
        BertProgram program = Fixtures.program(weights, Products.PLAIN_F32);
        plain = PlainBert.of("tiny", weights);
        int numbers = program.shape().norms() * program.shape().width();
        NormBank own = new NormBank(new float[numbers], new float[numbers], 1);
        Arrays.fill(own.gains(), 1);
        substrate = Fixtures.substrate(program, own, new WordTokenizer());
        factory = new HeadFactory(substrate, ServerMemory.of(1L << 30, 1L << 30).openAccounts());
        manager = (PtNDManager) NDManager.newBaseManager(Device.cpu(), "PyTorch");
    }

    @AfterEach
    void close() {
        manager.close();
        factory.close();
        substrate.close();
        plain.close();
    }

    private Observation observation(boolean text) {
        int count = 1 + random.nextInt(4);
        if (text) {
            StringBuilder words = new StringBuilder("w");
            for (int i = 0; i < count; i++) {
                words.append(" w").append(random.nextInt(4));
            }
            return new Observation.Text(words.toString());
        }
        return new Observation.Tensor(Fixtures.floats(random, 5 * count, 0, 1), 5);
    }

    private static Target target(String spec, Observation observation) {
        boolean up = observation instanceof Observation.Tensor rows
                ? rows.values()[0] > 0
                : ((Observation.Text) observation).text().contains("w1");
        if (spec.contains("regression")) {
            return new Target.Values(new float[] {up ? 1 : 0, 2});
        }
        if (spec.contains("token_multi_label")) {
            float[] values = ((Observation.Tensor) observation).values();
            List<Target.TokenSet> tokens = new ArrayList<>();
            for (int at = 0; at < values.length; at += 5) {
                tokens.add(new Target.TokenSet(false, values[at] > 0 ? new int[] {0, 1} : new int[] {1}));
            }
            return new Target.TokenLabelSets(List.of("up", "down"), tokens);
        }
        return spec.contains("multi_label")
                ? new Target.LabelSet(Set.of(up ? "up" : "down"))
                : new Target.Label(up ? "up" : "down");
    }

    private dev.reservoir.heads.Features read(ObservationEncoder encoder, Observation observation) {
        ObservationEncoder.Encoded encoded = encoder.encode(encoder.admit(observation));
        SubstrateInput input = encoded.input();
        if (input == null) {
            return encoder.features(encoded, null, 0);
        }
        HiddenStates hidden = encoder.norms() == null
                ? substrate.forward(List.of(input))
                : substrate.forward(List.of(input), NormBank.of(List.of(encoder.norms())), new int[1]);
        return encoder.features(encoded, hidden, 0);
    }

    private void learn(HeadLearner learner, String spec) {
        ObservationEncoder encoder = learner.snapshot().encoder();
        for (int i = 0; i < 24; i++) {
            Observation observation = observation(spec.contains("text"));
            if (learner instanceof FeatureLearner features) {
                features.learn(List.of(new FeatureLearner.Item(read(encoder, observation), target(spec, observation))));
            } else {
                FptLearner through = (FptLearner) learner;
                assertThat(through.accept(1, encoder.admit(observation), target(spec, observation), null))
                        .isNull();
                while (through.updateDue()) {
                    new FusedStep(substrate).run(List.of(through));
                }
            }
        }
    }

    private static SafetensorsInput file(HeadSpec spec, HeadSnapshot snapshot, String digest) {
        SafetensorsOutput file = HeadFile.of(spec, snapshot, Map.of("substrate_digest", digest));
        return SafetensorsInput.of(ByteBuffer.wrap(file.next(1 << 30)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ROWS + CLASSES + "learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + CLASSES + "learning { fpt { minibatch: 4 } } encoder { pooling: CONCATENATE }",
                ROWS + "task { multi_label { } } learning { fpt { minibatch: 4 } } encoder { pooling: LAST }",
                "modality { text { max_tokens: 9 } } " + CLASSES
                        + "learning { fpt { minibatch: 4 learning_rate: 2e-2 } }",
                ROWS + CLASSES + "encoder { pooling: FLATTEN feature_width: 70 }",
                ROWS + "task { regression { dimensions: 2 } } learning { gradient { } } encoder { pooling: FIRST }",
                ROWS + "task { token_multi_label { } } learning { gradient { learning_rate: 0.1 } }",
                "modality { text { max_tokens: 9 } } " + CLASSES + "encoder { input_skip: WITH_INPUT }",
                "modality { text { max_tokens: 9 } } " + CLASSES + "encoder { pooling: INPUT_ONLY feature_width: 40 }",
            })
    void scoresAreThoseOfTheHead(String text) throws IOException, TextFormat.ParseException {
        HeadSpec spec = HeadCodec.decode(new HeadName("t", "h"), TextFormat.parse(text, Head.class));
        try (HeadLearner learner = factory.create(spec)) {
            learn(learner, text);
            HeadSnapshot snapshot = learner.snapshot();
            SafetensorsInput tensors = file(spec, snapshot, plain.metadata().get("digest_packed_f32"));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            plain.writeHead(tensors, out);
            JniUtils.setGraphExecutorOptimize(false);
            PtSymbolBlock module =
                    JniUtils.loadModule(manager, new ByteArrayInputStream(out.toByteArray()), false, false);
            for (int i = 0; i < 6; i++) {
                Observation observation = observation(text.contains("text"));
                Prediction expected = snapshot.predict(read(snapshot.encoder(), observation), 100);
                compare(expected, scores(module, observation), snapshot.labels());
            }
            module.close();
        }
    }

    private float[] scores(PtSymbolBlock module, Observation observation) {
        PtNDArray rows;
        int count;
        if (observation instanceof Observation.Tensor tensor) {
            count = tensor.values().length / 5;
            rows = (PtNDArray) manager.create(tensor.values(), new Shape(count, 5));
        } else {
            int[] ids = new WordTokenizer().encode(((Observation.Text) observation).text(), 9);
            count = ids.length;
            rows = (PtNDArray) manager.create(ids);
        }
        return IValueUtils.runMethod(module, "forward", IValue.from(rows), IValue.listFrom((long) count))
                .toTensor(manager)
                .toFloatArray();
    }

    private static void compare(Prediction expected, float[] scores, List<String> labels) {
        Map<String, Float> byLabel = new HashMap<>();
        if (expected instanceof Prediction.Label label) {
            label.scores().forEach(score -> byLabel.put(score.label(), score.score()));
        } else if (expected instanceof Prediction.LabelSet set) {
            set.scores().forEach(score -> byLabel.put(score.label(), score.score()));
        } else if (expected instanceof Prediction.TokenLabelSets sets) {
            int count = labels.size();
            assertThat(scores).hasSize(count * sets.tokens().size());
            for (int t = 0; t < sets.tokens().size(); t++) {
                Prediction.TokenSet token = sets.tokens().get(t);
                for (int i = 0; i < count; i++) {
                    assertThat(new float[] {scores[t * count + token.scored()[i]]})
                            .usingComparatorWithPrecision(2e-5f)
                            .containsExactly(token.scores()[i]);
                }
            }
            return;
        } else {
            assertThat(scores)
                    .usingComparatorWithPrecision(2e-5f)
                    .containsExactly(((Prediction.Values) expected).values());
            return;
        }
        assertThat(scores).hasSize(labels.size()).hasSizeGreaterThan(1);
        for (int c = 0; c < scores.length; c++) {
            assertThat(new float[] {scores[c]})
                    .usingComparatorWithPrecision(2e-5f)
                    .containsExactly(byLabel.get(labels.get(c)));
        }
    }

    @Test
    void aFileThatIsNoHeadOfThisSubstrateIsRefused() throws TextFormat.ParseException {
        HeadSpec spec = HeadCodec.decode(new HeadName("t", "h"), TextFormat.parse(ROWS + CLASSES, Head.class));
        String digest = plain.metadata().get("digest_plain_f32");
        try (HeadLearner learner = factory.create(spec)) {
            refused(file(spec, learner.snapshot(), "00"), "substrate of the head: digest 00 (expected: one of");
            SafetensorsInput sound = file(spec, learner.snapshot(), digest);
            for (String choice : List.of("format", "reads", "pooling", "pooled_length", "link", "max_tokens")) {
                Map<String, String> changed = new HashMap<>(sound.metadata());
                changed.put(choice, "odd");
                refused(new SafetensorsInput(changed, sound.tensors()), "head: " + choice + " \"odd\" (expected: ");
                changed.remove(choice);
                refused(new SafetensorsInput(changed, sound.tensors()), "head: " + choice);
            }
        }
    }

    private void refused(SafetensorsInput head, String message) {
        assertThatThrownBy(() -> plain.writeHead(head, new ByteArrayOutputStream()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
