// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.task.PrequentialMetrics;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/** Heads and examples for tests of this package. */
final class Specs {
    static final ModalitySpec ROWS = new ModalitySpec.Tensor(3, 5);
    static final Set<Part> ALL = EnumSet.allOf(Part.class);

    private Specs() {}

    static LearningSpec.Fpt learning(Set<Part> parts, int minibatch) {
        return LearningSpec.Fpt.builder(parts)
                .learningRate(1e-2)
                .minibatch(minibatch)
                .metricWindow(64)
                .build();
    }

    static LearningSpec.Fpt replaying(int minibatch, int updates, int capacity) {
        return LearningSpec.Fpt.builder(ALL)
                .learningRate(1e-2)
                .innerRate(0.5)
                .weightDecay(0.01)
                .minibatch(minibatch)
                .warmupSteps(3)
                .halfLifeSteps(50)
                .clipNorm(0.5)
                .labelSmoothing(0.1)
                .updatesPerExample(updates)
                .replayCapacity(capacity)
                .metricWindow(64)
                .build();
    }

    static HeadSpec spec(
            String id, ModalitySpec modality, Task task, Pooling pooling, LearningSpec learning, long seed) {
        return new HeadSpec(
                new HeadName("tests", id), modality, task, new EncoderSpec(pooling, 64, false), learning, seed);
    }

    static HeadSpec classifier(String id, Pooling pooling, LearningSpec learning) {
        return spec(id, ROWS, new Task.Classification(List.of(), 4), pooling, learning, 5);
    }

    static ObservationReader reader(LinearSubstrate substrate, ModalitySpec modality) {
        return new Encoders(substrate.info(), substrate.tokenizer()).reader(modality);
    }

    static FptLearner learner(LinearSubstrate substrate, HeadSpec spec) {
        return new FptLearners(substrate).create(spec, reader(substrate, spec.modality()), Specs::none);
    }

    private static FeatureLearner none(HeadSpec spec, Consumer<PrequentialMetrics.Tally> scored) {
        throw new IllegalStateException(spec.name() + ": no frozen baseline was requested");
    }

    record Example(Observation observation, Target target) {
        AdmittedObservation admitted() {
            return Specs.admitted(observation);
        }
    }

    /** As a reader gives it that checks nothing; the number of tokens makes no difference to a learner. */
    static AdmittedObservation admitted(Observation observation) {
        LinearSubstrate substrate = new LinearSubstrate();
        ModalitySpec modality;
        if (observation instanceof Observation.Tensor tensor) {
            modality = new ModalitySpec.Tensor(tensor.columns(), 60);
        } else if (observation instanceof Observation.Symbols) {
            modality = new ModalitySpec.Tokens(2, 6, 1);
        } else {
            modality = new ModalitySpec.Text(8);
        }
        return new AdmittedObservation(reader(substrate, modality), observation, 1);
    }

    /** Rows whose sum decides the label. */
    static List<Example> labelled(int count, long seed) {
        Random random = new Random(seed);
        List<Example> examples = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            int tokens = 1 + random.nextInt(5);
            float[] values = new float[tokens * 3];
            double sum = 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
                sum += values[i];
            }
            String label = sum > 1 ? "high" : sum < -1 ? "low" : "middle";
            examples.add(new Example(new Observation.Tensor(values, 3), new Target.Label(label)));
        }
        return examples;
    }

    /** Passes examples in one by one and makes every update immediately, on its own. */
    static void learnAlone(LinearSubstrate substrate, FptLearner learner, List<Example> examples) {
        for (Example example : examples) {
            if (learner.accept(1, example.admitted(), example.target(), null) == null) {
                update(substrate, learner);
            }
        }
    }

    /** Makes every due update on its own. */
    static void update(LinearSubstrate substrate, FptLearner learner) {
        FusedStep step = new FusedStep(substrate);
        while (learner.updateDue()) {
            assertThat(step.run(List.of(learner)).aborted()).isEmpty();
        }
    }

    /** The gradient of one update over these examples, traced through the substrate. */
    static TrainableParameters.Gradient gradient(
            LinearSubstrate substrate, FptLearner learner, List<MinibatchExample> examples) {
        FptUpdate update = new FptUpdate(learner.model(), 0, learner.parameters(), examples);
        NormBank bank = NormBank.of(List.of(update.norms()));
        FptUpdate.Portion portion = update.portions().get(0);
        try (var traced = substrate.trace(portion.sequences(), bank, new int[portion.size()])) {
            float[] upstream = new float[traced.hidden().values().length];
            portion.scoreAndLoss(traced.hidden(), 0, upstream);
            portion.accumulateGradient(traced.gradients(upstream), 0, 0);
        }
        return update.gradient();
    }

    /** What a snapshot answers to an observation, through the substrate. */
    static Prediction predict(
            LinearSubstrate substrate, HeadSnapshot snapshot, Observation observation, int maxScores) {
        ObservationEncoder encoder = snapshot.encoder();
        var encoded = encoder.encode(encoder.admit(observation));
        HiddenStates hidden =
                substrate.forward(List.of(encoded.input()), NormBank.of(List.of(encoder.norms())), new int[1]);
        return snapshot.predict(encoder.features(encoded, hidden, 0), maxScores);
    }
}
