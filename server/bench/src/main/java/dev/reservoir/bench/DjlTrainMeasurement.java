// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import com.google.gson.JsonObject;
import dev.reservoir.bench.DjlTrainingStep.Parameters;
import dev.reservoir.bench.DjlTrainingStep.Size;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import dev.reservoir.heads.TunableSubstrate.TracedForward;
import dev.reservoir.server.substrate.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * {@code djl-train}: forward pass, loss, backward pass and the gradients of the same step by DJL's own operators in f32
 * under its autograd, all heads in one pass; its parameters are not updated, unlike those of the fused step. And how
 * far its gradients are from the substrate's in f32.
 */
final class DjlTrainMeasurement implements Measurement {
    private static final int CHECKED_TOKENS = 5;

    private final Subject subject;
    private double difference = Double.NaN;

    DjlTrainMeasurement(Subject subject) {
        this.subject = subject;
    }

    @Override
    public JsonObject measure(Request request) {
        int heads = request.integer("heads", 1, 1_024);
        int examples = request.integer("examples", 1, 256);
        int tokens = request.integer("tokens", 1, 512);
        int millis = request.integer("millis", 1, 60_000);
        TunableSubstrate substrate = subject.substrate(Precision.F32);
        if (Double.isNaN(difference)) {
            difference = Math.max(checked(substrate, 1), checked(substrate, 2));
        }
        Size size = size(heads, examples, tokens);
        Case step = new Case(substrate, size);
        long nanos;
        try (DjlTrainingStep peer = new DjlTrainingStep(subject.djl(), size, step.parameters)) {
            nanos = new Repetition(subject.clock()).medianNanos(millis, () -> {
                peer.clear();
                long start = subject.clock().getAsLong();
                peer.gradients(step.observations, step.truths);
                return subject.clock().getAsLong() - start;
            });
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("nanos", nanos);
        answer.addProperty("relativeDifference", difference);
        return answer;
    }

    private double checked(TunableSubstrate substrate, int heads) {
        return new Case(substrate, size(heads, 2, CHECKED_TOKENS)).difference();
    }

    private static Size size(int heads, int examples, int tokens) {
        return new Size(heads, examples, tokens, TrainingHeads.INPUT_WIDTH, TrainingHeads.CLASSES);
    }

    /** Some heads and the examples that they learn. */
    private final class Case {
        private final TunableSubstrate substrate;
        private final Size size;
        private final int width;
        private final int norms;
        private final float[] observations;
        private final float[] truths;
        private final Parameters parameters;

        Case(TunableSubstrate substrate, Size size) {
            this.substrate = substrate;
            this.size = size;
            this.width = substrate.info().width();
            this.norms = substrate.norms();
            SplittableRandom random = new SplittableRandom(17);
            int sequences = size.heads() * size.examples();
            this.observations = TrainingHeads.values(random, sequences * size.tokens() * size.inputWidth());
            this.truths = new float[sequences * size.classes()];
            for (int i = 0; i < sequences; i++) {
                truths[i * size.classes() + random.nextInt(size.classes())] = 1;
            }
            List<float[]> gains = new ArrayList<>();
            List<float[]> biases = new ArrayList<>();
            NormRow own = substrate.ownNorms();
            for (int n = 0; n < norms; n++) {
                gains.add(near(random, own.gains(), n));
                biases.add(near(random, own.biases(), n));
            }
            this.parameters = new Parameters(
                    TrainingHeads.values(random, size.heads() * size.inputWidth() * width),
                    TrainingHeads.values(random, size.heads() * width),
                    TrainingHeads.values(random, size.heads() * size.tokens() * width),
                    gains,
                    biases,
                    TrainingHeads.values(random, size.heads() * width * size.classes()),
                    TrainingHeads.values(random, size.heads() * size.classes()));
        }

        /** A row for each head close to the substrate's own. */
        private float[] near(SplittableRandom random, float[] own, int norm) {
            float[] rows = TrainingHeads.values(random, size.heads() * width);
            for (int i = 0; i < rows.length; i++) {
                rows[i] = own[norm * width + i % width] + 0.1f * rows[i];
            }
            return rows;
        }

        /**
         * Relative distance of the peer's gradients by positions, gains and biases from those of the substrate's own
         * backward pass.
         */
        double difference() {
            Parameters theirs;
            try (DjlTrainingStep peer = new DjlTrainingStep(subject.djl(), size, parameters)) {
                theirs = peer.gradients(observations, truths);
            }
            TunableSubstrate.Gradients ours = ours();
            Distance distance = new Distance();
            for (int head = 0; head < size.heads(); head++) {
                for (int n = 0; n < norms; n++) {
                    for (int i = 0; i < width; i++) {
                        int at = (head * norms + n) * width + i;
                        distance.add(theirs.gains().get(n)[head * width + i], ours.gains()[at]);
                        distance.add(theirs.biases().get(n)[head * width + i], ours.biases()[at]);
                    }
                }
                int numbers = size.tokens() * width;
                for (int i = 0; i < numbers; i++) {
                    double sum = 0;
                    for (int n = 0; n < size.examples(); n++) {
                        sum += ours.embeddings()[(head * size.examples() + n) * numbers + i];
                    }
                    distance.add(theirs.positions()[head * numbers + i], sum);
                }
            }
            return distance.relative();
        }

        private TunableSubstrate.Gradients ours() {
            List<SubstrateInput> sequences = new ArrayList<>();
            List<NormRow> rows = new ArrayList<>();
            int[] slots = new int[size.heads() * size.examples()];
            for (int head = 0; head < size.heads(); head++) {
                rows.add(new NormRow(rowOf(parameters.gains(), head), rowOf(parameters.biases(), head)));
                for (int n = 0; n < size.examples(); n++) {
                    slots[sequences.size()] = head;
                    sequences.add(new SubstrateInput.Embeddings(embedded(head, sequences.size()), size.tokens()));
                }
            }
            try (TracedForward traced = substrate.trace(sequences, NormBank.of(rows), slots)) {
                return traced.gradients(byHidden(traced.hidden()));
            }
        }

        private float[] rowOf(List<float[]> byNorm, int head) {
            float[] row = new float[norms * width];
            for (int n = 0; n < norms; n++) {
                System.arraycopy(byNorm.get(n), head * width, row, n * width, width);
            }
            return row;
        }

        private float[] embedded(int head, int sequence) {
            float[] rows = new float[size.tokens() * width];
            for (int t = 0; t < size.tokens(); t++) {
                for (int i = 0; i < width; i++) {
                    float sum = parameters.inputBias()[head * width + i]
                            + parameters.positions()[(head * size.tokens() + t) * width + i];
                    for (int k = 0; k < size.inputWidth(); k++) {
                        sum += observations[(sequence * size.tokens() + t) * size.inputWidth() + k]
                                * parameters.input()[(head * size.inputWidth() + k) * width + i];
                    }
                    rows[t * width + i] = sum;
                }
            }
            return rows;
        }

        /** The gradient of the loss with respect to the hidden states. */
        private float[] byHidden(HiddenStates hidden) {
            float[] gradient = new float[hidden.values().length];
            for (int sequence = 0; sequence < size.heads() * size.examples(); sequence++) {
                int head = sequence / size.examples();
                int start = sequence * size.tokens() * width;
                double[] slope = slope(hidden.values(), start, sequence, head);
                for (int i = 0; i < width; i++) {
                    double sum = 0;
                    for (int c = 0; c < size.classes(); c++) {
                        sum += slope[c] * readout(head, i, c);
                    }
                    for (int t = 0; t < size.tokens(); t++) {
                        gradient[start + t * width + i] = (float) (sum / (size.tokens() * size.examples()));
                    }
                }
            }
            return gradient;
        }

        /** Softmax of the scores minus the truth. */
        private double[] slope(float[] hidden, int start, int sequence, int head) {
            double[] slope = new double[size.classes()];
            double total = 0;
            for (int c = 0; c < slope.length; c++) {
                double score = parameters.readoutBias()[head * slope.length + c];
                for (int i = 0; i < size.tokens() * width; i++) {
                    score += hidden[start + i] * readout(head, i % width, c) / size.tokens();
                }
                slope[c] = Math.exp(score);
                total += slope[c];
            }
            for (int c = 0; c < slope.length; c++) {
                slope[c] = slope[c] / total - truths[sequence * slope.length + c];
            }
            return slope;
        }

        private double readout(int head, int feature, int output) {
            return parameters.readout()[(head * width + feature) * size.classes() + output];
        }
    }

    private static final class Distance {
        private double error;
        private double size;

        void add(double theirs, double ours) {
            error += (theirs - ours) * (theirs - ours);
            size += theirs * theirs;
        }

        double relative() {
            return Math.sqrt(error / size);
        }
    }
}
