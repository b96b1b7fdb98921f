// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.unknown;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.modality.EncoderDefaults;
import dev.reservoir.v1.Encoder;
import dev.reservoir.v1.Encoder.InputSkip;
import org.jspecify.annotations.Nullable;

/** How an observation becomes features, to and from the wire. */
public final class EncoderCodec {
    private EncoderCodec() {}

    /**
     * The encoder of a head whose readout alone learns, with its defaults filled in.
     *
     * @throws Refused INVALID_FIELD
     */
    public static EncoderSpec decode(Encoder encoder, ModalitySpec modality, Task task) {
        return decode(encoder, modality, task, false);
    }

    /**
     * The encoder with its defaults filled in.
     *
     * @param throughSubstrate whether it is an FPT head's
     * @throws Refused INVALID_FIELD
     */
    static EncoderSpec decode(Encoder encoder, ModalitySpec modality, Task task, boolean throughSubstrate) {
        if (throughSubstrate) {
            return EncoderDefaults.throughSubstrate(
                    modality, task, pooling(encoder), encoder.getFeatureWidth(), inputSkip(encoder));
        }
        return EncoderDefaults.encoder(modality, task, pooling(encoder), encoder.getFeatureWidth(), inputSkip(encoder));
    }

    private static @Nullable Pooling pooling(Encoder encoder) {
        switch (encoder.getPooling()) {
            case POOLING_UNSPECIFIED:
                return null;
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
            case CONCATENATE:
                return Pooling.CONCATENATE;
            case UNRECOGNIZED:
        }
        throw unknown(
                "encoder.pooling", encoder.getPoolingValue(), "MEAN, LAST, FIRST, FLATTEN, INPUT_ONLY or CONCATENATE");
    }

    private static @Nullable Boolean inputSkip(Encoder encoder) {
        switch (encoder.getInputSkip()) {
            case INPUT_SKIP_UNSPECIFIED:
                return null;
            case WITHOUT_INPUT:
                return false;
            case WITH_INPUT:
                return true;
            case UNRECOGNIZED:
        }
        throw unknown("encoder.input_skip", encoder.getInputSkipValue(), "WITHOUT_INPUT or WITH_INPUT");
    }

    /** Pooling per token follows from the task, so it has no name on the wire. */
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
