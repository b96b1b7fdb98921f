package dev.reservoir.heads.codec;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;

/** What a head that leaves its encoder and ridge open is made with, by modality. */
final class Defaults {
    static final int FEATURE_WIDTH = 2_048;

    private Defaults() {}

    static EncoderSpec encoder(ModalitySpec modality) {
        boolean flat = !(modality instanceof ModalitySpec.Text || modality instanceof ModalitySpec.Tensor);
        return new EncoderSpec(flat ? Pooling.FLATTEN : Pooling.MEAN, FEATURE_WIDTH, flat);
    }

    static double ridge(ModalitySpec modality) {
        return 1;
    }
}
