// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.modality.Encoders;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FptLearners;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Heads of ten classes that learn through a substrate, with all their parts, from sequences of {@code tokens} rows of
 * 16 numbers, {@code examples} a minibatch; their readouts read the mean of the hidden states. Not thread-safe.
 */
final class TrainingHeads {
    static final int INPUT_WIDTH = 16;
    static final int CLASSES = 10;

    private static final int DISTINCT = 64;

    private final List<FptLearner> learners = new ArrayList<>();
    private final List<AdmittedObservation> observations;
    private final int examples;
    private int next;

    TrainingHeads(TunableSubstrate substrate, int heads, int examples, int tokens) {
        this.examples = examples;
        Encoders encoders = new Encoders(substrate.info(), substrate.tokenizer());
        ObservationReader reader = encoders.reader(modality(tokens));
        this.observations = observations(tokens).stream().map(reader::admit).toList();
        FptLearners fpt = new FptLearners(substrate);
        for (int h = 0; h < heads; h++) {
            HeadSpec spec = spec("head-" + h, examples, tokens);
            learners.add(fpt.create(spec, reader, (unused, scored) -> {
                throw new IllegalStateException("companion: one (expected: none)");
            }));
        }
    }

    static HeadSpec spec(String id, int examples, int tokens) {
        LearningSpec learning = LearningSpec.Fpt.builder(EnumSet.allOf(Part.class))
                .minibatch(examples)
                .build();
        return new HeadSpec(
                new HeadName(TextHeads.TENANT, id),
                modality(tokens),
                new Task.Classification(
                        IntStream.range(0, CLASSES).mapToObj(TextHeads::label).toList(), CLASSES),
                new EncoderSpec(Pooling.MEAN, 2_048, false),
                learning,
                id.hashCode());
    }

    private static ModalitySpec modality(int tokens) {
        return new ModalitySpec.Tensor(INPUT_WIDTH, tokens);
    }

    static List<Observation> observations(int tokens) {
        SplittableRandom random = new SplittableRandom(13);
        List<Observation> all = new ArrayList<>();
        for (int i = 0; i < DISTINCT; i++) {
            all.add(new Observation.Tensor(values(random, tokens * INPUT_WIDTH), INPUT_WIDTH));
        }
        return all;
    }

    /** Uniformly distributed over [-1, 1). */
    static float[] values(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (2 * random.nextDouble() - 1);
        }
        return values;
    }

    List<FptLearner> learners() {
        return learners;
    }

    /** Adds a minibatch to some of them, so that an update of each is due. */
    void feed(List<FptLearner> some) {
        for (FptLearner learner : some) {
            for (int i = 0; i < examples; i++, next++) {
                Target target = new Target.Label(TextHeads.label(next % CLASSES));
                Refused refused = learner.accept(1, observations.get(next % DISTINCT), target, null);
                if (refused != null) {
                    throw refused;
                }
            }
        }
    }
}
