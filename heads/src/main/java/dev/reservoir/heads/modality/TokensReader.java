// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;

/**
 * Sequences of symbols, {@code group} per token. A symbol is one-hot: a 1 in the column of its index within the group
 * and its value. Bits (vocabulary 2) are -1 or 1 in the column of their index within the group. Columns of the last
 * group that the sequence does not reach are 0.
 */
final class TokensReader implements ObservationReader {
    private static final String FIELD = "observation.tokens";

    private final ModalitySpec.Tokens spec;

    TokensReader(ModalitySpec.Tokens spec) {
        this.spec = spec;
    }

    /** At most 256 x 65,536. */
    @Override
    public int rowWidth() {
        return bits() ? spec.group() : spec.group() * spec.vocabulary();
    }

    @Override
    public int maxRows() {
        return spec.maxTokens();
    }

    @Override
    public double rowNorm() {
        return Math.sqrt(spec.group());
    }

    @Override
    public AdmittedObservation admit(Observation observation) {
        if (!(observation instanceof Observation.Symbols sequence)) {
            throw ObservationChecks.wrongModality(observation, "tokens");
        }
        int count = sequence.symbols().length;
        if (count == 0) {
            throw ObservationChecks.invalid(FIELD, "0 symbols", "1 to " + spec.maxLength());
        }
        if (count > spec.maxLength()) {
            throw ObservationChecks.tooLarge(FIELD, count + " symbols", "1 to " + spec.maxLength());
        }
        return new AdmittedObservation(this, observation, tokens(count));
    }

    @Override
    public ObservationRows read(Observation observation) {
        int[] symbols = ((Observation.Symbols) observation).symbols();
        int rows = tokens(symbols.length);
        int[] columns = new int[rows * spec.group()];
        float[] values = new float[rows * spec.group()];
        for (int i = 0; i < symbols.length; i++) {
            int symbol = symbols[i];
            if (symbol < 0 || symbol >= spec.vocabulary()) {
                throw ObservationChecks.invalid(
                        FIELD + ".symbols[" + i + "]", symbol, "0 to " + (spec.vocabulary() - 1));
            }
            int index = i % spec.group();
            columns[i] = bits() ? index : index * spec.vocabulary() + symbol;
            values[i] = bits() && symbol == 0 ? -1 : 1;
        }
        return new ObservationRows(rows, columns, values, null, null);
    }

    private int tokens(int symbols) {
        return (symbols + spec.group() - 1) / spec.group();
    }

    private boolean bits() {
        return spec.vocabulary() == 2;
    }
}
