// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.server.mixing.MixingSubstrate;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * An exported head read by the text of the contract alone, with its scores computed naively in double precision, except
 * for the substrate's pass.
 */
final class ExportedOracle {
    record Part(String type, List<Integer> shape, double[] numbers) {
        int rows() {
            return shape.get(0);
        }

        int columns() {
            return shape.get(1);
        }
    }

    final Map<String, String> metadata = new HashMap<>();
    final Map<String, Part> parts = new HashMap<>();
    private final MixingSubstrate substrate = new MixingSubstrate();

    ExportedOracle(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int header = Math.toIntExact(bytes.getLong());
        JsonObject json = JsonParser.parseString(new String(file, 8, header, StandardCharsets.UTF_8))
                .getAsJsonObject();
        json.getAsJsonObject("__metadata__")
                .entrySet()
                .forEach(note -> metadata.put(note.getKey(), note.getValue().getAsString()));
        json.remove("__metadata__");
        json.entrySet().forEach(entry -> {
            JsonObject tensor = entry.getValue().getAsJsonObject();
            List<Integer> shape = new ArrayList<>();
            tensor.getAsJsonArray("shape").forEach(size -> shape.add(size.getAsInt()));
            String type = tensor.get("dtype").getAsString();
            int from = tensor.getAsJsonArray("data_offsets").get(0).getAsInt();
            int to = tensor.getAsJsonArray("data_offsets").get(1).getAsInt();
            double[] numbers = new double[(to - from) / 4];
            for (int i = 0; i < numbers.length; i++) {
                int at = 8 + header + from + 4 * i;
                numbers[i] = type.equals("F32") ? bytes.getFloat(at) : bytes.getInt(at);
            }
            parts.put(entry.getKey(), new Part(type, shape, numbers));
        });
    }

    List<String> labels() {
        List<String> labels = new ArrayList<>();
        for (JsonElement label : JsonParser.parseString(metadata.get("labels")).getAsJsonArray()) {
            labels.add(label.getAsString());
        }
        return labels;
    }

    /** Scores of each row of features; {@code rows} are the observation's numbers, or its token ids. */
    double[][] scores(double[][] rows) {
        double[][] pooled = metadata.get("pooling").equals("input_only") ? new double[1][0] : pooled(hidden(rows));
        double[][] scores = new double[pooled.length][];
        for (int r = 0; r < pooled.length; r++) {
            double[] features = parts.containsKey("raw.scale") ? join(pooled[r], raw(rows, r)) : pooled[r];
            Part shift = parts.get("standard.shift");
            for (int i = 0; shift != null && i < features.length; i++) {
                double limit = parts.get("standard.limit").numbers[0];
                double one = (features[i] - shift.numbers[i]) * parts.get("standard.factor").numbers[i];
                features[i] = Math.max(-limit, Math.min(limit, one));
            }
            scores[r] = dense("readout", features);
            link(scores[r]);
        }
        return scores;
    }

    private double[][] hidden(double[][] rows) {
        int width = MixingSubstrate.WIDTH;
        float[] given = new float[rows.length * width];
        for (int t = 0; t < rows.length; t++) {
            double[] row;
            if (metadata.get("reads").equals("token_ids")) {
                float[] word = substrate.wordEmbeddings(new int[] {(int) rows[t][0]});
                row = new double[width];
                for (int i = 0; i < width; i++) {
                    row[i] = word[i];
                }
            } else {
                row = parts.containsKey("input.weight") ? dense("input", rows[t]) : sparse("input", rows[t], width);
            }
            Part positions = parts.get("positions");
            for (int i = 0; i < width; i++) {
                given[t * width + i] = (float) (row[i] + (positions == null ? 0 : positions.numbers[t * width + i]));
            }
        }
        List<SubstrateInput> input = List.of(new SubstrateInput.Embeddings(given, rows.length));
        Part gain = parts.get("norms.gain");
        HiddenStates hidden = gain == null
                ? substrate.forward(input)
                : substrate.forward(
                        input,
                        new NormBank(floats(gain.numbers), floats(parts.get("norms.bias").numbers), 1),
                        new int[] {0});
        double[][] states = new double[rows.length][width];
        for (int i = 0; i < hidden.values().length; i++) {
            states[i / width][i % width] = hidden.values()[i];
        }
        return states;
    }

    private double[][] pooled(double[][] hidden) {
        int width = hidden[0].length;
        double[][] pooled = new double[1][];
        switch (metadata.get("pooling")) {
            case "per_token" -> pooled = hidden;
            case "first" -> pooled[0] = hidden[0];
            case "last" -> pooled[0] = hidden[hidden.length - 1];
            case "mean" -> {
                pooled[0] = new double[width];
                for (double[] state : hidden) {
                    for (int i = 0; i < width; i++) {
                        pooled[0][i] += state[i] / hidden.length;
                    }
                }
            }
            case "concatenate" -> pooled[0] = sideBySide(hidden);
            case "flatten" -> pooled[0] = sparse("flatten", sideBySide(hidden), number("flatten_width"));
            default -> throw new AssertionError(metadata.get("pooling"));
        }
        for (double[] row : pooled) {
            double squares = 0;
            for (double one : row) {
                squares += one * one;
            }
            for (int i = 0; i < row.length && metadata.get("pooled_length").equals("root_of_width"); i++) {
                row[i] *= squares == 0 ? 0 : Math.sqrt(row.length / squares);
            }
        }
        return pooled;
    }

    private double[] raw(double[][] rows, int row) {
        double[] all;
        if (metadata.get("reads").equals("token_ids")) {
            all = new double[substrate.info().vocabulary()];
            for (int t = 1; t < rows.length - 1; t++) {
                all[(int) rows[t][0]]++;
            }
            double squares = 0;
            for (int i = 0; i < all.length; i++) {
                all[i] = Math.log(1 + all[i]);
                squares += all[i] * all[i];
            }
            for (int i = 0; i < all.length; i++) {
                all[i] /= Math.sqrt(squares);
            }
        } else {
            all = metadata.get("pooling").equals("per_token") ? rows[row].clone() : sideBySide(rows);
        }
        for (int i = 0; i < all.length; i++) {
            all[i] *= parts.get("raw.scale").numbers[0];
        }
        return parts.containsKey("raw.places") ? sparse("raw", all, number("raw_width")) : all;
    }

    private double[] sideBySide(double[][] rows) {
        double[] all = new double[number("max_tokens") * rows[0].length];
        for (int t = 0; t < rows.length; t++) {
            System.arraycopy(rows[t], 0, all, t * rows[t].length, rows[t].length);
        }
        return all;
    }

    private double[] dense(String name, double[] x) {
        Part weight = parts.get(name + ".weight");
        if (weight.rows() != x.length) {
            throw new AssertionError(name + ": " + weight.shape + " for " + x.length + " numbers");
        }
        double[] y = new double[weight.columns()];
        for (int j = 0; j < y.length; j++) {
            y[j] = parts.containsKey(name + ".bias") ? parts.get(name + ".bias").numbers[j] : 0;
            for (int i = 0; i < x.length; i++) {
                y[j] += x[i] * weight.numbers[i * y.length + j];
            }
        }
        return y;
    }

    private double[] sparse(String name, double[] x, int width) {
        Part places = parts.get(name + ".places");
        if (places.rows() != x.length) {
            throw new AssertionError(name + ": " + places.shape + " for " + x.length + " numbers");
        }
        double[] y = new double[width];
        for (int i = 0; i < places.numbers.length; i++) {
            y[(int) places.numbers[i]] += x[i / 4] * parts.get(name + ".values").numbers[i];
        }
        return y;
    }

    private void link(double[] outputs) {
        double sum = 0;
        for (double output : outputs) {
            sum += Math.exp(output);
        }
        for (int c = 0; c < outputs.length; c++) {
            outputs[c] = switch (metadata.get("link")) {
                case "softmax" -> Math.exp(outputs[c]) / sum;
                case "logistic" -> 1 / (1 + Math.exp(-outputs[c]));
                default -> outputs[c];
            };
        }
    }

    private int number(String name) {
        return Integer.parseInt(metadata.get(name));
    }

    private static double[] join(double[] first, double[] second) {
        double[] both = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static float[] floats(double[] numbers) {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return floats;
    }
}
