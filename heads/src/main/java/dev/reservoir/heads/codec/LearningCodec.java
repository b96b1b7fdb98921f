// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.or;
import static dev.reservoir.heads.codec.Fields.unknown;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.modality.EncoderDefaults;
import dev.reservoir.v1.Fpt;
import dev.reservoir.v1.FrozenCompanion;
import dev.reservoir.v1.Gradient;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.RecursiveLeastSquares;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;

/** How a head learns, to and from the wire. */
public final class LearningCodec {
    private static final double LEARNING_RATE = 1e-2;
    private static final int REPLAY_CAPACITY = 1_024;

    private LearningCodec() {}

    /**
     * The learning rule with its defaults filled in.
     *
     * @throws Refused INVALID_FIELD
     */
    public static LearningSpec decode(Learning learning, ModalitySpec modality, Task task, EncoderSpec encoder) {
        int window = or(learning.getMetricWindow(), LearningSpec.DEFAULT_METRIC_WINDOW);
        if (learning.hasGradient()) {
            Gradient gradient = learning.getGradient();
            return new LearningSpec.Gradient(
                    or(gradient.getLearningRate(), LEARNING_RATE),
                    gradient.getWeightDecay(),
                    or(gradient.getMinibatch(), 1),
                    window);
        }
        RecursiveLeastSquares squares = learning.getLeastSquares();
        return new LearningSpec.RecursiveLeastSquares(
                or(squares.getRidge(), EncoderDefaults.ridge(modality, task, encoder)),
                or(squares.getForgetting(), 1),
                window);
    }

    /**
     * The rule of an FPT head with its defaults filled in.
     *
     * @throws Refused INVALID_FIELD
     */
    public static LearningSpec.Fpt decodeFpt(Learning learning, ModalitySpec modality, Task task) {
        Fpt fpt = learning.getFpt();
        LearningSpec.Fpt.Builder rule = LearningSpec.Fpt.builder(parts(fpt, modality))
                .weightDecay(fpt.getWeightDecay())
                .warmupSteps(fpt.getWarmupSteps())
                .halfLifeSteps(fpt.getHalfLifeSteps())
                .labelSmoothing(fpt.getLabelSmoothing())
                .replayCapacity(or(fpt.getReplayCapacity(), fpt.getUpdatesPerExample() > 1 ? REPLAY_CAPACITY : 0));
        ifSet(fpt.getLearningRate(), rule::learningRate);
        ifSet(fpt.getInnerRate(), rule::innerRate);
        ifSet(fpt.getMinibatch(), rule::minibatch);
        ifSet(fpt.getClipNorm(), rule::clipNorm);
        ifSet(fpt.getUpdatesPerExample(), rule::updatesPerExample);
        ifSet(learning.getMetricWindow(), rule::metricWindow);
        if (fpt.hasCompanion()) {
            rule.companion(companion(fpt.getCompanion(), modality, task, learning));
        }
        return rule.build();
    }

    private static void ifSet(double value, DoubleConsumer setter) {
        if (value != 0) {
            setter.accept(value);
        }
    }

    private static void ifSet(int value, IntConsumer setter) {
        if (value != 0) {
            setter.accept(value);
        }
    }

    private static LearningSpec.Fpt.Companion companion(
            FrozenCompanion companion, ModalitySpec modality, Task task, Learning learning) {
        EncoderSpec encoder = EncoderCodec.decode(companion.getEncoder(), modality, task);
        Learning squares = Learning.newBuilder()
                .setLeastSquares(companion.getLeastSquares())
                .setMetricWindow(learning.getMetricWindow())
                .build();
        return new LearningSpec.Fpt.Companion(
                encoder, (LearningSpec.RecursiveLeastSquares) decode(squares, modality, task, encoder));
    }

    private static Set<LearningSpec.Part> parts(Fpt fpt, ModalitySpec modality) {
        Set<LearningSpec.Part> parts = EnumSet.noneOf(LearningSpec.Part.class);
        for (Fpt.Part part : fpt.getPartsList()) {
            switch (part) {
                case READOUT -> {}
                case INPUT -> parts.add(LearningSpec.Part.INPUT);
                case POSITIONS -> parts.add(LearningSpec.Part.POSITIONS);
                case NORMS -> parts.add(LearningSpec.Part.NORMS);
                case PART_UNSPECIFIED, UNRECOGNIZED ->
                    throw unknown("learning.fpt.parts", fpt.getPartsValue(0), "READOUT, INPUT, POSITIONS or NORMS");
            }
        }
        if (fpt.getPartsCount() == 0) {
            parts.addAll(EnumSet.allOf(LearningSpec.Part.class));
            if (modality.readsTokenIds()) {
                parts.remove(LearningSpec.Part.INPUT);
            }
        }
        return parts;
    }

    private static Fpt encode(LearningSpec.Fpt spec) {
        Fpt.Builder fpt = Fpt.newBuilder().addParts(Fpt.Part.READOUT);
        for (LearningSpec.Part part : LearningSpec.Part.values()) {
            if (spec.parts().contains(part)) {
                fpt.addParts(
                        switch (part) {
                            case INPUT -> Fpt.Part.INPUT;
                            case POSITIONS -> Fpt.Part.POSITIONS;
                            case NORMS -> Fpt.Part.NORMS;
                        });
            }
        }
        LearningSpec.Fpt.Companion companion = spec.companion();
        if (companion != null) {
            fpt.setCompanion(FrozenCompanion.newBuilder()
                    .setEncoder(EncoderCodec.encode(companion.encoder()))
                    .setLeastSquares(encode(companion.learning())));
        }
        return fpt.setLearningRate(spec.learningRate())
                .setInnerRate(spec.innerRate())
                .setWeightDecay(spec.weightDecay())
                .setMinibatch(spec.minibatch())
                .setWarmupSteps(spec.warmupSteps())
                .setHalfLifeSteps(spec.halfLifeSteps())
                .setClipNorm(spec.clipNorm())
                .setLabelSmoothing(spec.labelSmoothing())
                .setUpdatesPerExample(spec.updatesPerExample())
                .setReplayCapacity(spec.replayCapacity())
                .build();
    }

    public static Learning encode(LearningSpec spec) {
        Learning.Builder learning = Learning.newBuilder().setMetricWindow(spec.metricWindow());
        if (spec instanceof LearningSpec.Gradient gradient) {
            learning.setGradient(Gradient.newBuilder()
                    .setLearningRate(gradient.learningRate())
                    .setWeightDecay(gradient.weightDecay())
                    .setMinibatch(gradient.minibatch()));
        } else if (spec instanceof LearningSpec.Fpt fpt) {
            learning.setFpt(encode(fpt));
        } else if (spec instanceof LearningSpec.RecursiveLeastSquares squares) {
            learning.setLeastSquares(encode(squares));
        }
        return learning.build();
    }

    private static RecursiveLeastSquares encode(LearningSpec.RecursiveLeastSquares spec) {
        return RecursiveLeastSquares.newBuilder()
                .setRidge(spec.ridge())
                .setForgetting(spec.forgetting())
                .build();
    }
}
