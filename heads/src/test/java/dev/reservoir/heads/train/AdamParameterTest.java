// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.reservoir.heads.LearningSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The learning rule by hand. */
class AdamParameterTest {
    @Test
    void stepsEqualAdamWithDecoupledDecay() {
        AdamParameter trained = new AdamParameter(new float[] {1, -2, 3});
        float[][] gradients = {{0.5f, -1, 2}, {0.25f, 1, -2}, {-3, 0, 1}};
        double[] w = {1, -2, 3};
        double[] m = new double[3];
        double[] v = new double[3];
        for (int step = 1; step <= 3; step++) {
            float[] old = trained.value();
            trained.step(gradients[step - 1], 0.5f, 0.1, 0.01, 2);
            assertThat(trained.value()).isNotSameAs(old);
            for (int i = 0; i < 3; i++) {
                double g = 0.5 * gradients[step - 1][i];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                double mean = m[i] / (1 - Math.pow(0.9, step));
                double square = v[i] / (1 - Math.pow(0.999, step));
                double kept = i < 2 ? 1 - 0.1 * 0.01 : 1;
                w[i] = kept * w[i] - 0.1 * mean / (Math.sqrt(square) + 1e-8);
                assertThat((double) trained.value()[i])
                        .as("step %d [%d]", step, i)
                        .isCloseTo(w[i], within(1e-5));
            }
        }
    }

    @Test
    void theRateRisesThenHalves() {
        LearningSpec.Fpt learning = LearningSpec.Fpt.builder(Set.of())
                .learningRate(0.8)
                .minibatch(1)
                .warmupSteps(4)
                .halfLifeSteps(10)
                .metricWindow(1)
                .build();
        assertThat(TrainableParameters.rate(learning, 0)).isCloseTo(0.2, within(1e-12));
        assertThat(TrainableParameters.rate(learning, 3)).isCloseTo(0.8, within(1e-12));
        assertThat(TrainableParameters.rate(learning, 14)).isCloseTo(0.4, within(1e-12));
        assertThat(TrainableParameters.rate(learning, 24)).isCloseTo(0.2, within(1e-12));
        LearningSpec.Fpt steady = LearningSpec.Fpt.builder(Set.of())
                .learningRate(0.8)
                .minibatch(1)
                .metricWindow(1)
                .build();
        assertThat(TrainableParameters.rate(steady, 1_000_000)).isEqualTo(0.8);
    }

    @Test
    void gradientsAreClippedByTheirNormOverAllTrainableParameters() {
        LinearSubstrate substrate = new LinearSubstrate();
        LearningSpec.Fpt tight = LearningSpec.Fpt.builder(Set.of())
                .learningRate(1e-2)
                .minibatch(1)
                .clipNorm(1e-3)
                .metricWindow(8)
                .build();
        FptLearner learner =
                Specs.learner(substrate, Specs.classifier("a", dev.reservoir.heads.EncoderSpec.Pooling.MEAN, tight));
        TrainableParameters parameters = learner.parameters();
        parameters.grow(2);
        TrainableParameters.Gradient gradient = parameters.zeroGradient();
        gradient.readout()[0][0] = 30;
        gradient.readout()[1][2] = -40;
        assertThat(Math.sqrt(gradient.squares())).isEqualTo(50);
        assertThat(parameters.step(gradient, tight)).isTrue();
        // Adam's first step is as long as the rate, however short the gradient, in the gradient's direction.
        assertThat(parameters.readout(0)[0]).isCloseTo(-1e-2f, within(1e-4f));
        gradient.readout()[0][0] = Float.NaN;
        float[] before = parameters.readout(0);
        assertThat(parameters.step(gradient, tight)).isFalse();
        assertThat(parameters.readout(0)).isSameAs(before);
        // Two steps of clipped gradients: the moments contain a thousandth of the bound, so that a short gradient
        // counts as much.
        gradient.readout()[0][0] = -6e-4f;
        gradient.readout()[1][2] = 0;
        parameters.step(gradient, tight);
        assertThat(parameters.readout(0)[0]).isGreaterThan(-1.1e-2f).isLessThan(-0.9e-2f);
    }

    @Test
    void theReplaySampleIsUniform() {
        int[] counts = new int[50];
        for (int seed = 0; seed < 4_000; seed++) {
            ReplaySample<Integer> sample = new ReplaySample<>(10, seed, i -> i);
            for (int i = 0; i < 50; i++) {
                sample.see(i);
            }
            List<Integer> elements = new ArrayList<>(sample.elements());
            assertThat(elements).hasSize(10).doesNotHaveDuplicates();
            assertThat(sample.bytes())
                    .isEqualTo(elements.stream().mapToLong(i -> i).sum());
            elements.forEach(i -> counts[i]++);
        }
        // Binomial with mean 800 and deviation 25.
        for (int count : counts) {
            assertThat(count).isBetween(680, 920);
        }
        ReplaySample<Integer> none = new ReplaySample<>(0, 1, i -> i);
        none.see(1);
        assertThat(none.draw(3)).isEmpty();
    }
}
