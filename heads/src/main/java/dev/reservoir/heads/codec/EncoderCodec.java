package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.or;
import static dev.reservoir.heads.codec.Fields.unknown;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Encoder.InputSkip;

/** How an observation becomes features, to and from the wire. */
public final class EncoderCodec {
    private EncoderCodec() {}

    /**
     * The encoder with its defaults filled in, for tasks that are not per token.
     *
     * @throws Refused INVALID_FIELD
     */
    public static EncoderSpec decode(Encoder encoder, ModalitySpec modality) {
        return decode(encoder, modality, false);
    }

    static EncoderSpec decode(Encoder encoder, ModalitySpec modality, boolean perToken) {
        EncoderSpec usual = Defaults.encoder(modality);
        Pooling pooling = pooling(encoder, perToken ? Pooling.PER_TOKEN : usual.pooling());
        boolean inputSkip = inputSkip(encoder, !perToken && usual.inputSkip());
        return new EncoderSpec(pooling, or(encoder.getFeatureWidth(), usual.featureWidth()), inputSkip);
    }

    private static Pooling pooling(Encoder encoder, Pooling whenOpen) {
        switch (encoder.getPooling()) {
            case POOLING_UNSPECIFIED:
                return whenOpen;
            case MEAN:
                return Pooling.MEAN;
            case LAST:
                return Pooling.LAST;
            case FIRST:
                return Pooling.FIRST;
            case FLATTEN:
                return Pooling.FLATTEN;
            case INPUT_ONLY:
                return Pooling.INPUT_ONLY;
            case UNRECOGNIZED:
        }
        throw unknown("encoder.pooling", encoder.getPoolingValue(), "MEAN, LAST, FIRST, FLATTEN or INPUT_ONLY");
    }

    private static boolean inputSkip(Encoder encoder, boolean whenOpen) {
        switch (encoder.getInputSkip()) {
            case INPUT_SKIP_UNSPECIFIED:
                return whenOpen;
            case WITHOUT_INPUT:
                return false;
            case WITH_INPUT:
                return true;
            case UNRECOGNIZED:
        }
        throw unknown("encoder.input_skip", encoder.getInputSkipValue(), "WITHOUT_INPUT or WITH_INPUT");
    }

    /** A pooling per token is told by the task, so it has no name on the wire. */
    public static Encoder encode(EncoderSpec spec) {
        return Encoder.newBuilder()
                .setPooling(
                        spec.pooling() == Pooling.PER_TOKEN
                                ? Encoder.Pooling.POOLING_UNSPECIFIED
                                : Encoder.Pooling.valueOf(spec.pooling().name()))
                .setFeatureWidth(spec.featureWidth())
                .setInputSkip(spec.inputSkip() ? InputSkip.WITH_INPUT : InputSkip.WITHOUT_INPUT)
                .build();
    }
}
