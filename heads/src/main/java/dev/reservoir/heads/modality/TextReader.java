// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import java.util.Arrays;

/**
 * Converts text to the ids of the substrate's tokeniser. As raw input, a text is the bag of its tokens without [CLS]
 * and [SEP]: the logarithm of 1 + count of each, scaled to norm 1.
 */
final class TextReader implements ObservationReader {
    /** Most bytes of UTF-8 in a text. */
    static final int MAX_BYTES = 65_536;

    private final ModalitySpec.Text spec;
    private final TextTokenizer tokenizer;
    private final int vocabulary;

    TextReader(ModalitySpec.Text spec, TextTokenizer tokenizer, int vocabulary) {
        this.spec = spec;
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    @Override
    public int rowWidth() {
        return vocabulary;
    }

    /** One row: a bag has no order. */
    @Override
    public int maxRows() {
        return 1;
    }

    @Override
    public double rowNorm() {
        return 1;
    }

    /** No token is shorter than a byte. */
    @Override
    public AdmittedObservation admit(Observation observation) {
        if (!(observation instanceof Observation.Text text)) {
            throw ObservationChecks.wrongModality(observation, "text");
        }
        return new AdmittedObservation(this, observation, Math.min(spec.maxTokens(), checkedBytes(text.text()) + 2));
    }

    @Override
    public ObservationRows read(Observation observation) {
        int[] ids = tokenizer.encode(((Observation.Text) observation).text(), spec.maxTokens());
        if (ids.length < 2) {
            throw new IllegalStateException(
                    "tokeniser gave " + ids.length + " ids (expected: at least [CLS] and [SEP])");
        }
        int[] words = Arrays.copyOfRange(ids, 1, ids.length - 1);
        float[] values = weights(words);
        return new ObservationRows(1, words, values, new SubstrateInput.TokenIds(ids), null);
    }

    /**
     * Logarithms of 1 + count, scaled to norm 1, each at the first occurrence of its word, 0 at later ones. Sorts the
     * words.
     */
    private static float[] weights(int[] words) {
        Arrays.sort(words);
        float[] weights = new float[words.length];
        double squares = 0;
        int first = 0;
        for (int i = 0; i < words.length; i++) {
            if (i + 1 == words.length || words[i + 1] != words[i]) {
                double weight = StrictMath.log1p(i + 1 - first);
                weights[first] = (float) weight;
                squares += weight * weight;
                first = i + 1;
            }
        }
        for (int i = 0; i < words.length; i++) {
            weights[i] /= (float) Math.sqrt(squares);
        }
        return weights;
    }

    /** Bytes of UTF-8 of a text that is neither blank nor too long. */
    private static int checkedBytes(String text) {
        long bytes = 0;
        boolean blank = true;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // A surrogate is half of a character of four bytes.
            bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
            blank &= Character.isWhitespace(c) || Character.isSpaceChar(c);
        }
        if (bytes > MAX_BYTES) {
            throw ObservationChecks.tooLarge("observation.text", bytes + " bytes", "at most " + MAX_BYTES);
        }
        if (blank) {
            throw ObservationChecks.invalid(
                    "observation.text",
                    bytes == 0 ? "empty" : bytes + " bytes of white space",
                    "at least one character that is not white space");
        }
        return (int) bytes;
    }
}
