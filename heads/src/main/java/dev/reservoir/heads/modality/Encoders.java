// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static dev.reservoir.heads.Refused.check;

import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.TextTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the readers and the encoders of one substrate. Equal modalities yield the same reader as long as something
 * references it; this class references it weakly. All randomness of an encoder is fixed by its specification, so it is
 * the same in every process and on every machine. Any number of threads may call at once.
 */
public final class Encoders {
    /** Widest row of features. */
    static final int MAX_FEATURE_WIDTH = 16_384;
    /** Widest row of hidden states as they are, for readouts that learn by gradient. */
    static final int MAX_CONCATENATED = 1 << 17;
    /** Most values in the features of one observation. */
    static final int MAX_FEATURES = 1 << 21;

    private final SubstrateInfo substrate;
    private final Readers makers;
    private final WeakValues<ModalitySpec, ObservationReader> readers = new WeakValues<>();

    /** @param tokenizer the substrate's own; not closed here */
    public Encoders(SubstrateInfo substrate, TextTokenizer tokenizer) {
        this.substrate = substrate;
        this.makers = new Readers(substrate, tokenizer);
    }

    /**
     * A new encoder of observations of {@code modality}; making it may take up to a second. Fields of {@code encoder}
     * that its pooling does not use make no difference.
     *
     * @throws dev.reservoir.heads.Refused INVALID_FIELD if the modality has more tokens than the substrate has
     *     positions, the features would be too wide, or the raw input would be appended to each token of a text
     */
    public ObservationEncoder encoder(ModalitySpec modality, EncoderSpec encoder) {
        return plan(modality, encoder).make();
    }

    /** As {@link #encoder}, without the part that takes time and memory. */
    Plan plan(ModalitySpec modality, EncoderSpec encoder) {
        modality.checkPositions(substrate.positions());
        ObservationReader reader = reader(modality);
        boolean perToken = encoder.pooling() == Pooling.PER_TOKEN;
        Pooler pooler = new Pooler(encoder.pooling(), modality.maxTokens(), substrate.width(), encoder.featureWidth());
        check(
                !(perToken && encoder.inputSkip() && modality.readsTokenIds()),
                "encoder.input_skip",
                "WITH_INPUT",
                "WITHOUT_INPUT for each token of a text");
        RawInput raw = encoder.inputSkip() || encoder.pooling() == Pooling.INPUT_ONLY
                ? new RawInput(reader, perToken, encoder.featureWidth(), pooler.width())
                : null;
        int rawWidth = raw == null ? 0 : raw.width();
        int width = pooler.width() + rawWidth;
        checkFeatures(modality, encoder.pooling(), width);
        EncoderKey key = new EncoderKey(substrate.digest(), modality, encoder.pooling(), pooler.width(), rawWidth);
        boolean projects = encoder.pooling() != Pooling.INPUT_ONLY && !modality.readsTokenIds();
        return new Plan(key, reader, pooler, raw, projects ? substrate.width() : 0);
    }

    /**
     * Refuses features that are too wide for any head.
     *
     * @param width width of a row of features
     * @throws dev.reservoir.heads.Refused INVALID_FIELD
     */
    public static void checkFeatures(ModalitySpec modality, Pooling pooling, int width) {
        boolean perToken = pooling == Pooling.PER_TOKEN;
        int widest = pooling == Pooling.CONCATENATE ? MAX_CONCATENATED : MAX_FEATURE_WIDTH;
        check(
                width <= widest && (!perToken || (long) width * modality.maxTokens() <= MAX_FEATURES),
                "encoder",
                width + " features" + (perToken ? " per token, " + modality.maxTokens() + " tokens" : ""),
                "at most " + widest + (perToken ? " per token, " + MAX_FEATURES + " in all" : ""));
    }

    /** What admits and decodes observations of a modality. */
    public ObservationReader reader(ModalitySpec modality) {
        ObservationReader known = readers.get(modality);
        return known != null ? known : readers.putIfAbsent(modality, modality.accept(makers));
    }

    /**
     * The parts of an encoder but for its projection.
     *
     * @param raw null if features have no raw input
     * @param projectedWidth what rows are projected to; 0 if they are not
     */
    record Plan(
            EncoderKey key,
            ObservationReader reader,
            Pooler pooler,
            @Nullable RawInput raw,
            int projectedWidth) {
        /** What an encoder takes besides its projection; the most is the window and the bands of a sound's reader. */
        private static final long ENCODER_BYTES = 24 << 10;

        /** Upper bound on the bytes of the encoder. */
        long bytes() {
            return ENCODER_BYTES + Float.BYTES * weights();
        }

        /** Upper bound on the bytes in use while it is made: its projection is computed in doubles. */
        long makingBytes() {
            return bytes() + Double.BYTES * weights();
        }

        private long weights() {
            boolean dense = projectedWidth > 0 && reader.rowWidth() <= OrthogonalProjection.WIDEST;
            return dense ? (long) reader.rowWidth() * projectedWidth : 0;
        }

        ObservationEncoder make() {
            Projection projection = projectedWidth == 0 ? null : Projection.input(reader.rowWidth(), projectedWidth);
            return new FrozenEncoder(key, reader, projection, pooler, raw);
        }
    }

    private static final class Readers implements ModalitySpec.Visitor<ObservationReader> {
        private final SubstrateInfo substrate;
        private final TextTokenizer tokenizer;

        Readers(SubstrateInfo substrate, TextTokenizer tokenizer) {
            this.substrate = substrate;
            this.tokenizer = tokenizer;
        }

        @Override
        public ObservationReader text(ModalitySpec.Text text) {
            return new TextReader(text, tokenizer, substrate.vocabulary());
        }

        @Override
        public ObservationReader image(ModalitySpec.Image image) {
            return new ImageReader(image);
        }

        @Override
        public ObservationReader audio(ModalitySpec.Audio audio) {
            return new AudioReader(audio);
        }

        @Override
        public ObservationReader series(ModalitySpec.Series series) {
            return new SeriesReader(series);
        }

        @Override
        public ObservationReader tokens(ModalitySpec.Tokens tokens) {
            return new TokensReader(tokens);
        }

        @Override
        public ObservationReader tensor(ModalitySpec.Tensor tensor) {
            return new TensorReader(tensor);
        }
    }
}
