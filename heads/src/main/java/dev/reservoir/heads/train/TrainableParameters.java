// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Part;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.math.Vectors;
import dev.reservoir.state.v1.Fpt;
import dev.reservoir.state.v1.Parameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All parameters of an FPT head: trainable ones with their moments, frozen ones at their initial values. Not
 * thread-safe.
 */
final class TrainableParameters {
    /** The frozen parts; trainable ones are empty arrays here. */
    private final FptParameters frozen;

    private final int features;
    private @Nullable AdamParameter input;
    private @Nullable AdamParameter inputBias;
    private @Nullable AdamParameter positions;
    private @Nullable AdamParameter gains;
    private @Nullable AdamParameter biases;
    /** {@code [C]}, each {@code [F + 1]}, the bias last. */
    private final List<AdamParameter> readout = new ArrayList<>();

    private @Nullable FptParameters now;
    private long steps;

    /**
     * @param start initial values; positions have length 0 if they do not learn
     * @param features {@code F}
     */
    TrainableParameters(FptParameters start, LearningSpec.Fpt learning, int features) {
        this.features = features;
        boolean projects = learning.parts().contains(Part.INPUT);
        boolean norms = learning.parts().contains(Part.NORMS);
        input = projects ? new AdamParameter(start.input()) : null;
        inputBias = projects ? new AdamParameter(start.inputBias()) : null;
        positions = learning.parts().contains(Part.POSITIONS) ? new AdamParameter(start.positions()) : null;
        gains = norms ? new AdamParameter(start.norms().gains()) : null;
        biases = norms ? new AdamParameter(start.norms().biases()) : null;
        float[] learned = {};
        frozen = new FptParameters(
                projects ? learned : start.input(),
                projects ? learned : start.inputBias(),
                positions != null ? learned : start.positions(),
                start.norms());
    }

    /**
     * Goes on from a stored state; no step was made before.
     *
     * @param most outputs at most
     * @throws UnusableState DAMAGED
     */
    void restore(Fpt state, int most) {
        UnusableState.check(
                state.getReadoutCount() <= most, "readout", state.getReadoutCount() + " outputs", "at most " + most);
        input = restored("input", input, state.hasInput(), state.getInput());
        inputBias = restored("input_bias", inputBias, state.hasInputBias(), state.getInputBias());
        positions = restored("positions", positions, state.hasPositions(), state.getPositions());
        gains = restored("gains", gains, state.hasGains(), state.getGains());
        biases = restored("biases", biases, state.hasBiases(), state.getBiases());
        readout.clear();
        for (Parameters output : state.getReadoutList()) {
            readout.add(new AdamParameter("readout", output, features + 1));
        }
        steps = state.getSteps();
        UnusableState.check(steps >= 0, "steps", steps, "at least 0");
        now = null;
    }

    private static @Nullable AdamParameter restored(
            String field, @Nullable AdamParameter initial, boolean stored, Parameters state) {
        UnusableState.check(
                stored == (initial != null), field, stored ? "parameters" : "none", "those of the parts that learn");
        return initial == null ? null : new AdamParameter(field, state, initial.value().length);
    }

    void save(Fpt.Builder state) {
        if (input != null && inputBias != null) {
            state.setInput(input.state()).setInputBias(inputBias.state());
        }
        if (positions != null) {
            state.setPositions(positions.state());
        }
        if (gains != null && biases != null) {
            state.setGains(gains.state()).setBiases(biases.state());
        }
        for (AdamParameter output : readout) {
            state.addReadout(output.state());
        }
        state.setSteps(steps);
    }

    int features() {
        return features;
    }

    int outputs() {
        return readout.size();
    }

    /** Grows to {@code outputs} outputs; new ones begin with zeros. */
    void grow(int outputs) {
        while (readout.size() < outputs) {
            readout.add(new AdamParameter(new float[features + 1]));
        }
    }

    /** Forgets outputs from {@code outputs} on, which were never trained. */
    void shrink(int outputs) {
        readout.subList(outputs, readout.size()).clear();
    }

    float[] readout(int output) {
        return readout.get(output).value();
    }

    float[][] readout() {
        return readout.stream().map(AdamParameter::value).toArray(float[][]::new);
    }

    /** Whether anything but the readout learns, so that the substrate's backward pass is needed. */
    boolean innerLearns() {
        return input != null || positions != null || gains != null;
    }

    FptParameters inner() {
        FptParameters current = now;
        if (current == null) {
            current = new FptParameters(
                    input == null ? frozen.input() : input.value(),
                    inputBias == null ? frozen.inputBias() : inputBias.value(),
                    positions == null ? frozen.positions() : positions.value(),
                    gains == null || biases == null ? frozen.norms() : new NormRow(gains.value(), biases.value()));
            now = current;
        }
        return current;
    }

    /** A gradient of zeros. */
    Gradient zeroGradient() {
        float[][] byReadout = new float[readout.size()][features + 1];
        return new Gradient(zeros(input), zeros(inputBias), zeros(positions), zeros(gains), zeros(biases), byReadout);
    }

    /**
     * Makes one step of the learning rule.
     *
     * @return false if the gradient is not finite or too large; then nothing has changed
     */
    boolean step(Gradient gradient, LearningSpec.Fpt learning) {
        double norm = Math.sqrt(gradient.squares());
        // A square has to fit a float.
        if (!(norm < 1e18)) {
            return false;
        }
        float factor = norm > learning.clipNorm() ? (float) (learning.clipNorm() / norm) : 1;
        double rate = rate(learning, steps);
        double inner = rate * learning.innerRate();
        // Allocate first: a step is made as a whole or not at all.
        for (AdamParameter part : new AdamParameter[] {input, inputBias, positions, gains, biases}) {
            if (part != null) {
                part.reserve();
            }
        }
        readout.forEach(AdamParameter::reserve);
        steps++;
        step(input, gradient.input, factor, inner, learning.weightDecay());
        step(inputBias, gradient.inputBias, factor, inner, 0);
        step(positions, gradient.positions, factor, inner, 0);
        step(gains, gradient.gains, factor, inner, 0);
        step(biases, gradient.biases, factor, inner, 0);
        for (int c = 0; c < gradient.readout.length; c++) {
            readout.get(c).step(gradient.readout[c], factor, rate, learning.weightDecay(), features);
        }
        now = null;
        return true;
    }

    /** Number of steps made so far. */
    long steps() {
        return steps;
    }

    private static void step(@Nullable AdamParameter part, float[] gradient, float factor, double rate, double decay) {
        if (part != null) {
            part.step(gradient, factor, rate, decay, decay == 0 ? 0 : gradient.length);
        }
    }

    /** The rate of the step after {@code steps} others: linear warm-up, then a half-life. */
    static double rate(LearningSpec.Fpt learning, long steps) {
        double rise = learning.warmupSteps() == 0 ? 1 : Math.min(1, (steps + 1.0) / learning.warmupSteps());
        double fall = learning.halfLifeSteps() == 0
                ? 1
                : StrictMath.pow(0.5, Math.max(0, steps - learning.warmupSteps()) / (double) learning.halfLifeSteps());
        return learning.learningRate() * rise * fall;
    }

    private static float[] zeros(@Nullable AdamParameter part) {
        return new float[part == null ? 0 : part.value().length];
    }

    /** Parameters that learn. */
    long count() {
        long sum = (long) readout.size() * (features + 1);
        for (AdamParameter part : new AdamParameter[] {input, inputBias, positions, gains, biases}) {
            sum += part == null ? 0 : part.value().length;
        }
        return sum;
    }

    long bytes() {
        long sum = input == null ? 4L * (frozen.input().length + frozen.inputBias().length) : 0;
        for (AdamParameter part : new AdamParameter[] {input, inputBias, positions, gains, biases}) {
            sum += part == null ? 0 : part.bytes();
        }
        for (AdamParameter row : readout) {
            sum += row.bytes();
        }
        return sum;
    }

    /** A sum of gradients, shaped as the parameters; parts that do not learn have length 0. */
    record Gradient(
            float[] input, float[] inputBias, float[] positions, float[] gains, float[] biases, float[][] readout) {
        /** Sets every number to 0. */
        void clear() {
            for (float[] part : new float[][] {input, inputBias, positions, gains, biases}) {
                Arrays.fill(part, 0);
            }
            for (float[] row : readout) {
                Arrays.fill(row, 0);
            }
        }

        /** The squared Euclidean norm. */
        double squares() {
            double sum = Vectors.squares(input)
                    + Vectors.squares(inputBias)
                    + Vectors.squares(positions)
                    + Vectors.squares(gains)
                    + Vectors.squares(biases);
            for (float[] row : readout) {
                sum += Vectors.squares(row);
            }
            return sum;
        }
    }
}
