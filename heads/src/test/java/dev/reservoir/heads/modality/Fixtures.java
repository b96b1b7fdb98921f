// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.TextTokenizer;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A small substrate's description, a tokeniser of words, and seeded numbers. */
final class Fixtures {
    static final int WIDTH = 32;
    static final int POSITIONS = 64;
    static final int VOCABULARY = 5_000;

    private Fixtures() {}

    static SubstrateInfo substrate() {
        return new SubstrateInfo(
                new SubstrateInfo.Identity("tiny", "0".repeat(64)),
                new SubstrateInfo.Shape.Bert(1, WIDTH, 2, 64, VOCABULARY, POSITIONS, 1_000),
                new SubstrateInfo.Numerics("f32", "a test", "cpu", 4_000, true, "none"));
    }

    /** Ids 1 and 2 at the ends, each word a hash between. */
    static TextTokenizer tokenizer() {
        return new TextTokenizer() {
            @Override
            public int[] encode(String text, int maxTokens) {
                String[] words = text.strip().split("\\s+");
                int count = Math.min(words.length, maxTokens - 2);
                int[] ids = new int[count + 2];
                ids[0] = 1;
                for (int i = 0; i < count; i++) {
                    ids[i + 1] = 3 + Math.floorMod(words[i].hashCode(), VOCABULARY - 3);
                }
                ids[count + 1] = 2;
                return ids;
            }

            @Override
            public void close() {}
        };
    }

    static Encoders encoders() {
        return new Encoders(substrate(), tokenizer());
    }

    static ObservationEncoder encoder(ModalitySpec modality, Pooling pooling, int featureWidth, boolean inputSkip) {
        return encoders().encoder(modality, new EncoderSpec(pooling, featureWidth, inputSkip));
    }

    static ObservationRows read(ObservationReader reader, Observation observation) {
        return reader.admit(observation).rows();
    }

    static List<ModalitySpec> modalities() {
        return List.of(
                new ModalitySpec.Text(8),
                new ModalitySpec.Image(8, 8, 3, 4),
                new ModalitySpec.Audio(8_000, 100, 8, 2),
                new ModalitySpec.Series(2, 8, 2, true),
                new ModalitySpec.Tokens(5, 9, 2),
                new ModalitySpec.Tensor(5, 8));
    }

    static float[] gaussian(long seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Hidden states of sequences of the given lengths; a sequence's numbers depend on its seed alone. */
    static HiddenStates hidden(int[] lengths, long[] seeds) {
        int[] offsets = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            offsets[i + 1] = offsets[i] + lengths[i];
        }
        float[] values = new float[offsets[lengths.length] * WIDTH];
        for (int i = 0; i < lengths.length; i++) {
            System.arraycopy(gaussian(seeds[i], lengths[i] * WIDTH), 0, values, offsets[i] * WIDTH, lengths[i] * WIDTH);
        }
        return new HiddenStates(values, offsets, WIDTH);
    }

    static double norm(float[] values, int from, int count) {
        double squares = 0;
        for (int i = from; i < from + count; i++) {
            squares += (double) values[i] * values[i];
        }
        return Math.sqrt(squares);
    }

    static void assertRefused(ThrowingCallable call, Reason reason, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> org.assertj.core.api.Assertions.assertThat(refused.reason())
                                .isEqualTo(reason))
                .hasMessage(message);
    }
}
