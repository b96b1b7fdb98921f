// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static dev.reservoir.heads.Refused.check;
import static dev.reservoir.heads.Refused.checkRange;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How a readout learns. {@code metricWindow} is the number of examples that windowed metrics cover. */
public sealed interface LearningSpec {
    /** The metric window of a rule that sets none. */
    int DEFAULT_METRIC_WINDOW = 256;

    int metricWindow();

    /** The same with another metric window. */
    LearningSpec withMetricWindow(int newMetricWindow);

    HeadKind kind();

    /** Examples per step; 0 for a learner that accepts any number of them at once. */
    int stepExamples();

    /**
     * Passes through the substrate that an example costs while it is learned, the extraction of its features not
     * counted.
     */
    double substratePasses();

    /** Floating-point operations that learning one example costs a readout of the given number of features. */
    double readoutFlops(int featureWidth);

    /**
     * Exact ridge regression in one pass.
     *
     * @param ridge weight of the penalty on the squared weights
     * @param forgetting factor by which an example's weight falls with each later one
     */
    record RecursiveLeastSquares(double ridge, double forgetting, int metricWindow) implements LearningSpec {
        public RecursiveLeastSquares {
            checkRange("learning.least_squares.ridge", ridge, 1e-6, 1e6);
            check(
                    forgetting > 0.5 && forgetting <= 1,
                    "learning.least_squares.forgetting",
                    forgetting,
                    "greater than 0.5, at most 1");
            checkWindow(metricWindow);
        }

        @Override
        public HeadKind kind() {
            return HeadKind.READOUT;
        }

        @Override
        public int stepExamples() {
            return 0;
        }

        @Override
        public double substratePasses() {
            return 0;
        }

        @Override
        public RecursiveLeastSquares withMetricWindow(int newMetricWindow) {
            return new RecursiveLeastSquares(ridge, forgetting, newMetricWindow);
        }

        /** Two products of the features with an {@code [F, F]} matrix. */
        @Override
        public double readoutFlops(int featureWidth) {
            return 4.0 * featureWidth * featureWidth;
        }
    }

    /** Adam on the softmax, logistic or squared loss; one step per {@code minibatch} examples. */
    record Gradient(double learningRate, double weightDecay, int minibatch, int metricWindow) implements LearningSpec {
        public Gradient {
            checkRange("learning.gradient.learning_rate", learningRate, 1e-6, 10);
            checkRange("learning.gradient.weight_decay", weightDecay, 0, 1);
            checkRange("learning.gradient.minibatch", minibatch, 1, 1_024);
            checkWindow(metricWindow);
        }

        @Override
        public HeadKind kind() {
            return HeadKind.READOUT;
        }

        @Override
        public int stepExamples() {
            return 0;
        }

        @Override
        public double substratePasses() {
            return 0;
        }

        /** A copy with the settings that may change while a head learns. */
        public Gradient with(double newLearningRate, double newWeightDecay, int newMetricWindow) {
            return new Gradient(newLearningRate, newWeightDecay, minibatch, newMetricWindow);
        }

        @Override
        public Gradient withMetricWindow(int newMetricWindow) {
            return with(learningRate, weightDecay, newMetricWindow);
        }

        /** Scores, their gradient, and the step. */
        @Override
        public double readoutFlops(int featureWidth) {
            return 6.0 * featureWidth;
        }
    }

    /** The parts of an {@code FPT} head that can learn in addition to its readout, which always does. */
    enum Part {
        /** The projection of input rows to the substrate's width, with its bias. */
        INPUT,
        /** A vector for each position, added to the substrate's own. */
        POSITIONS,
        /** Gain and bias of every norm. */
        NORMS
    }

    /**
     * Adam through the frozen substrate (Lu et al. 2021, arXiv 2103.05247), {@code updatesPerExample} steps per full
     * minibatch: the first on its examples, the others on examples drawn from a uniform sample of all that were seen.
     *
     * @param innerRate factor on the rate of all parts but the readout
     * @param warmupSteps steps over which the rate rises linearly; 0 for none
     * @param halfLifeSteps steps after which the rate has halved; 0 for a constant rate
     * @param clipNorm largest norm of the gradient over all parts that learn; a larger gradient is scaled down to it
     * @param labelSmoothing share of the target probability that is spread over all labels
     * @param replayCapacity size of the sample
     * @param companion the frozen baseline; null for none
     */
    record Fpt(
            Set<Part> parts,
            double learningRate,
            double innerRate,
            double weightDecay,
            int minibatch,
            int warmupSteps,
            int halfLifeSteps,
            double clipNorm,
            double labelSmoothing,
            int updatesPerExample,
            int replayCapacity,
            @Nullable Companion companion,
            int metricWindow)
            implements LearningSpec {
        /** A rule with the defaults of the contract for everything but the parts. */
        public static Builder builder(Set<Part> parts) {
            return new Builder(parts);
        }

        /** A builder that starts with the values of this rule. */
        public Builder toBuilder() {
            Builder builder = new Builder(parts);
            builder.learningRate = learningRate;
            builder.innerRate = innerRate;
            builder.weightDecay = weightDecay;
            builder.minibatch = minibatch;
            builder.warmupSteps = warmupSteps;
            builder.halfLifeSteps = halfLifeSteps;
            builder.clipNorm = clipNorm;
            builder.labelSmoothing = labelSmoothing;
            builder.updatesPerExample = updatesPerExample;
            builder.replayCapacity = replayCapacity;
            builder.companion = companion;
            builder.metricWindow = metricWindow;
            return builder;
        }

        /** Most tokens of a minibatch, so that one head's step does not keep others waiting for long. */
        public static final int STEP_TOKENS = 16_384;

        /**
         * What the backward pass through the substrate costs, in forward passes: as many products, and the attention
         * computed again.
         */
        public static final double BACKWARD_PASSES = 1.2;

        public Fpt {
            parts = Set.copyOf(parts);
            checkRange("learning.fpt.learning_rate", learningRate, 1e-6, 1);
            checkRange("learning.fpt.inner_rate", innerRate, 1e-6, 10);
            checkRange("learning.fpt.weight_decay", weightDecay, 0, 1);
            checkRange("learning.fpt.minibatch", minibatch, 1, 256);
            checkRange("learning.fpt.warmup_steps", warmupSteps, 0, 1_000_000);
            checkRange("learning.fpt.half_life_steps", halfLifeSteps, 0, 100_000_000);
            checkRange("learning.fpt.clip_norm", clipNorm, 1e-6, 1e6);
            checkRange("learning.fpt.label_smoothing", labelSmoothing, 0, 0.5);
            checkRange("learning.fpt.updates_per_example", updatesPerExample, 1, 16);
            checkRange("learning.fpt.replay_capacity", replayCapacity, 0, 65_536);
            check(
                    updatesPerExample == 1 || replayCapacity >= minibatch,
                    "learning.fpt.replay_capacity",
                    replayCapacity,
                    "at least minibatch " + minibatch + " where updates_per_example is " + updatesPerExample);
            checkWindow(metricWindow);
        }

        /**
         * The frozen baseline: a readout on frozen features that learns the same examples. The better of the two is
         * served.
         */
        public record Companion(EncoderSpec encoder, RecursiveLeastSquares learning) {}

        /** A copy with the settings that may change while a head learns. */
        public Fpt with(double newLearningRate, double newWeightDecay, int newMetricWindow) {
            return toBuilder()
                    .learningRate(newLearningRate)
                    .weightDecay(newWeightDecay)
                    .metricWindow(newMetricWindow)
                    .build();
        }

        @Override
        public Fpt withMetricWindow(int newMetricWindow) {
            return with(learningRate, weightDecay, newMetricWindow);
        }

        @Override
        public HeadKind kind() {
            return HeadKind.FPT;
        }

        @Override
        public int stepExamples() {
            return minibatch;
        }

        @Override
        public double substratePasses() {
            return updatesPerExample * (parts.isEmpty() ? 1 : 1 + BACKWARD_PASSES);
        }

        /** The cost of the frozen baseline; that of the head's own readout is small compared with the passes. */
        @Override
        public double readoutFlops(int featureWidth) {
            return companion == null ? 0 : companion.learning.readoutFlops(featureWidth);
        }

        /** Collects the values of a rule; {@link #build} checks them. Not thread-safe. */
        public static final class Builder {
            private final Set<Part> parts;
            private double learningRate = 1e-3;
            private double innerRate = 1;
            private double weightDecay;
            private int minibatch = 16;
            private int warmupSteps;
            private int halfLifeSteps;
            private double clipNorm = 1;
            private double labelSmoothing;
            private int updatesPerExample = 1;
            private int replayCapacity;
            private @Nullable Companion companion;
            private int metricWindow = DEFAULT_METRIC_WINDOW;

            private Builder(Set<Part> parts) {
                this.parts = parts;
            }

            public Builder learningRate(double value) {
                learningRate = value;
                return this;
            }

            public Builder innerRate(double value) {
                innerRate = value;
                return this;
            }

            public Builder weightDecay(double value) {
                weightDecay = value;
                return this;
            }

            public Builder minibatch(int value) {
                minibatch = value;
                return this;
            }

            public Builder warmupSteps(int value) {
                warmupSteps = value;
                return this;
            }

            public Builder halfLifeSteps(int value) {
                halfLifeSteps = value;
                return this;
            }

            public Builder clipNorm(double value) {
                clipNorm = value;
                return this;
            }

            public Builder labelSmoothing(double value) {
                labelSmoothing = value;
                return this;
            }

            public Builder updatesPerExample(int value) {
                updatesPerExample = value;
                return this;
            }

            public Builder replayCapacity(int value) {
                replayCapacity = value;
                return this;
            }

            public Builder companion(@Nullable Companion value) {
                companion = value;
                return this;
            }

            public Builder metricWindow(int value) {
                metricWindow = value;
                return this;
            }

            /** @throws Refused INVALID_FIELD if a value is out of its range, or does not go with another */
            public Fpt build() {
                return new Fpt(
                        parts,
                        learningRate,
                        innerRate,
                        weightDecay,
                        minibatch,
                        warmupSteps,
                        halfLifeSteps,
                        clipNorm,
                        labelSmoothing,
                        updatesPerExample,
                        replayCapacity,
                        companion,
                        metricWindow);
            }
        }
    }

    private static void checkWindow(int metricWindow) {
        checkRange("learning.metric_window", metricWindow, 1, 65_536);
    }
}
