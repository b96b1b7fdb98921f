// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInput;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Sequences laid one after the other, sorted by length, so that runs of equal length lie together.
 *
 * @param order {@code [B]}, which sequence lies at each place
 * @param starts {@code [B + 1]}, first row of each place
 * @param groups a count and a length for each run of equal lengths
 * @param tokens {@code [N]} ids, 0 for given rows
 * @param positions {@code [N]}
 * @param given {@code [G, D]} rows in place of token embeddings
 * @param places {@code [G]} rows of the batch that they fill
 */
public record PackedBatch(
        int[] order, int[] starts, long[] groups, int[] tokens, int[] positions, float[] given, long[] places) {

    /**
     * The limits of sequences.
     *
     * @param width {@code D}
     * @param vocabulary ids are below it
     * @param positions most tokens of a sequence
     */
    public record Limits(int width, int vocabulary, int positions) {}

    /**
     * Checks and packs.
     *
     * @throws IllegalArgumentException for no sequences, an empty or too long one, an id outside the vocabulary, rows
     *     of another width
     */
    public static PackedBatch of(List<SubstrateInput> sequences, Limits limits) {
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("sequences: 0 (expected: >= 1)");
        }
        int count = sequences.size();
        int givenRows = 0;
        for (int i = 0; i < count; i++) {
            check(i, sequences.get(i), limits);
            if (sequences.get(i) instanceof SubstrateInput.Embeddings) {
                givenRows += sequences.get(i).tokens();
            }
        }
        int[] order = IntStream.range(0, count)
                .boxed()
                .sorted(Comparator.comparingInt(i -> sequences.get(i).tokens()))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] starts = new int[count + 1];
        for (int place = 0; place < count; place++) {
            starts[place + 1] =
                    Math.addExact(starts[place], sequences.get(order[place]).tokens());
        }
        int[] tokens = new int[starts[count]];
        int[] positions = new int[starts[count]];
        float[] given = new float[Math.multiplyExact(givenRows, limits.width())];
        long[] places = new long[givenRows];
        int filled = 0;
        for (int place = 0; place < count; place++) {
            SubstrateInput input = sequences.get(order[place]);
            int start = starts[place];
            for (int t = 0; t < input.tokens(); t++) {
                positions[start + t] = t;
            }
            if (input instanceof SubstrateInput.TokenIds sequence) {
                int[] ids = sequence.ids();
                System.arraycopy(ids, 0, tokens, start, ids.length);
            } else {
                float[] rows = ((SubstrateInput.Embeddings) input).rows();
                System.arraycopy(rows, 0, given, filled * limits.width(), rows.length);
                for (int t = 0; t < input.tokens(); t++) {
                    places[filled++] = (long) start + t;
                }
            }
        }
        return new PackedBatch(order, starts, runs(order, sequences), tokens, positions, given, places);
    }

    /** {@code N}. */
    public int rows() {
        return starts[order.length];
    }

    /** The slot of each place. */
    public int[] slotOfPlaces(int[] slots) {
        return Arrays.stream(order).map(sequence -> slots[sequence]).toArray();
    }

    /** Rows {@code [N, D]} of this batch in the order of its sequences. */
    public HiddenStates unpack(FloatBuffer rows, int width) {
        int[] offsets = offsets();
        float[] values = new float[rows() * width];
        for (int place = 0; place < order.length; place++) {
            int length = (starts[place + 1] - starts[place]) * width;
            rows.get(starts[place] * width, values, offsets[order[place]] * width, length);
        }
        return new HiddenStates(values, offsets, width);
    }

    /** Rows in the order of the sequences, {@code [N, D]}, in the order of this batch. */
    public float[] pack(float[] rows, int width) {
        int[] offsets = offsets();
        float[] packed = new float[rows() * width];
        for (int place = 0; place < order.length; place++) {
            int length = (starts[place + 1] - starts[place]) * width;
            System.arraycopy(rows, offsets[order[place]] * width, packed, starts[place] * width, length);
        }
        return packed;
    }

    private int[] offsets() {
        int[] offsets = new int[order.length + 1];
        for (int place = 0; place < order.length; place++) {
            offsets[order[place] + 1] = starts[place + 1] - starts[place];
        }
        for (int i = 0; i < order.length; i++) {
            offsets[i + 1] += offsets[i];
        }
        return offsets;
    }

    private static long[] runs(int[] order, List<SubstrateInput> sequences) {
        long[] groups = new long[2 * order.length];
        int used = 0;
        for (int sequence : order) {
            int length = sequences.get(sequence).tokens();
            if (used == 0 || groups[used - 1] != length) {
                used += 2;
                groups[used - 1] = length;
            }
            groups[used - 2]++;
        }
        return Arrays.copyOf(groups, used);
    }

    private static void check(int index, SubstrateInput input, Limits limits) {
        int tokens = input.tokens();
        if (tokens < 1 || tokens > limits.positions()) {
            throw new IllegalArgumentException(
                    "sequence " + index + ": " + tokens + " tokens (expected: 1 to " + limits.positions() + ")");
        }
        if (input instanceof SubstrateInput.TokenIds sequence) {
            for (int id : sequence.ids()) {
                if (id < 0 || id >= limits.vocabulary()) {
                    throw new IllegalArgumentException("sequence " + index + ": token id " + id + " (expected: 0 to "
                            + (limits.vocabulary() - 1) + ")");
                }
            }
        } else {
            int numbers = ((SubstrateInput.Embeddings) input).rows().length;
            if (numbers != tokens * limits.width()) {
                throw new IllegalArgumentException("sequence " + index + ": " + numbers + " numbers (expected: "
                        + tokens + " rows of " + limits.width() + ")");
            }
        }
    }
}
