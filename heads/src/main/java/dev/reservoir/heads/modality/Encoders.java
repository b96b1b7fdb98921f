package dev.reservoir.heads.modality;

import static dev.reservoir.heads.Refused.check;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.TextTokenizer;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the encoders of one substrate. Equal specifications give the same encoder as long as somebody holds it; this class holds none. All
 * that is random about an encoder is fixed by its specification, so it is the same in every process and on every machine. Any number of
 * threads may call at once.
 */
public final class Encoders {
    /** Widest row of features. */
    static final int MAX_FEATURE_WIDTH = 16_384;
    /** Widest row of hidden states as they are, for readouts that learn by gradient. */
    static final int MAX_CONCATENATED = 1 << 17;
    /** Most numbers in the features of one observation. */
    static final int MAX_FEATURES = 1 << 21;

    private final SubstrateInfo substrate;
    private final TextTokenizer tokenizer;
    private final Map<String, WeakReference<ObservationEncoder>> made = new HashMap<>();

    /** @param tokenizer the substrate's own; not closed here */
    public Encoders(SubstrateInfo substrate, TextTokenizer tokenizer) {
        this.substrate = substrate;
        this.tokenizer = tokenizer;
    }

    /**
     * An encoder of observations of {@code modality}. What the pooling does not use of {@code encoder} makes no difference.
     *
     * @throws dev.reservoir.heads.Refused with {@code INVALID_FIELD} where the modality has more tokens than the substrate has positions, the
     *     features would be too wide, or the raw input is to stand beside each token of a text
     */
    public ObservationEncoder encoder(ModalitySpec modality, EncoderSpec encoder) {
        check(
                modality.maxTokens() <= substrate.positions(),
                tokensField(modality),
                modality.maxTokens() + " tokens",
                "at most the substrate's positions " + substrate.positions());
        ObservationReader reader = reader(modality);
        boolean perRow = encoder.pooling() == Pooling.PER_TOKEN;
        Pooler pooler = new Pooler(encoder.pooling(), modality.maxTokens(), substrate.width(), encoder.featureWidth());
        check(
                !(perRow && encoder.inputSkip() && modality instanceof ModalitySpec.Text),
                "encoder.input_skip",
                "WITH_INPUT",
                "WITHOUT_INPUT for each token of a text");
        RawInput raw = encoder.inputSkip() || encoder.pooling() == Pooling.INPUT_ONLY
                ? new RawInput(reader, perRow, encoder.featureWidth(), pooler.width())
                : null;
        int width = pooler.width() + (raw == null ? 0 : raw.width());
        int widest = encoder.pooling() == Pooling.CONCATENATE ? MAX_CONCATENATED : MAX_FEATURE_WIDTH;
        check(
                width <= widest && (!perRow || (long) width * modality.maxTokens() <= MAX_FEATURES),
                "encoder",
                width + " features" + (perRow ? " a token, " + modality.maxTokens() + " tokens" : ""),
                "at most " + widest + (perRow ? " a token, " + MAX_FEATURES + " in all" : ""));
        String key = modality + " " + encoder.pooling() + " " + pooler.width() + "+" + (raw == null ? 0 : raw.width());
        ObservationEncoder known = known(key);
        if (known != null) {
            return known;
        }
        // Made outside the lock: orthogonal projections take up to a second.
        Projection projection = encoder.pooling() == Pooling.INPUT_ONLY || modality instanceof ModalitySpec.Text
                ? null
                : Projection.input(reader.rowWidth(), substrate.width());
        return remember(new FrozenEncoder(key, reader, encoder.pooling(), projection, pooler, raw));
    }

    private synchronized @Nullable ObservationEncoder known(String key) {
        WeakReference<ObservationEncoder> reference = made.get(key);
        return reference == null ? null : reference.get();
    }

    /** The encoder, or the equal one that another thread made first. */
    private synchronized ObservationEncoder remember(ObservationEncoder encoder) {
        ObservationEncoder first = known(encoder.key());
        if (first != null) {
            return first;
        }
        made.values().removeIf(reference -> reference.get() == null);
        made.put(encoder.key(), new WeakReference<>(encoder));
        return encoder;
    }

    /** What decodes observations of a modality. */
    public ObservationReader reader(ModalitySpec modality) {
        if (modality instanceof ModalitySpec.Text) {
            return new TextReader((ModalitySpec.Text) modality, tokenizer, substrate.vocabulary());
        }
        if (modality instanceof ModalitySpec.Image) {
            return new ImageReader((ModalitySpec.Image) modality);
        }
        if (modality instanceof ModalitySpec.Audio) {
            return new AudioReader((ModalitySpec.Audio) modality);
        }
        if (modality instanceof ModalitySpec.Series) {
            return new SeriesReader((ModalitySpec.Series) modality);
        }
        if (modality instanceof ModalitySpec.Tokens) {
            return new TokensReader((ModalitySpec.Tokens) modality);
        }
        return new TensorReader((ModalitySpec.Tensor) modality);
    }

    private static String tokensField(ModalitySpec modality) {
        if (modality instanceof ModalitySpec.Text) {
            return "modality.text.max_tokens";
        }
        if (modality instanceof ModalitySpec.Image) {
            return "modality.image.patch";
        }
        if (modality instanceof ModalitySpec.Audio) {
            return "modality.audio.duration_millis";
        }
        if (modality instanceof ModalitySpec.Series) {
            return "modality.series.window";
        }
        return modality instanceof ModalitySpec.Tokens ? "modality.tokens.max_length" : "modality.tensor.max_rows";
    }
}
