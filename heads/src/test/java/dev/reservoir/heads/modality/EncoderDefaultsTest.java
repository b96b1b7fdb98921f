// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static org.assertj.core.api.Assertions.assertThat;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Task;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a specification that leaves something open means. */
final class EncoderDefaultsTest {
    private static final ModalitySpec.Tokens BITS = new ModalitySpec.Tokens(2, 12, 4);

    @Test
    void defaultsFollowModalityAndTask() {
        Task labels = new Task.Classification(List.of(), 4);
        for (ModalitySpec modality : Fixtures.modalities()) {
            EncoderSpec spec = EncoderDefaults.encoder(modality, labels);
            boolean mean = modality instanceof ModalitySpec.Text || modality instanceof ModalitySpec.Tensor;
            assertThat(spec.pooling()).isEqualTo(mean ? Pooling.MEAN : Pooling.FLATTEN);
            assertThat(spec.inputSkip()).isEqualTo(!(modality instanceof ModalitySpec.Text));
            assertThat(spec.featureWidth()).isEqualTo(2_048);
        }
        EncoderSpec asked = EncoderDefaults.encoder(BITS, labels, Pooling.LAST, 512, false);
        assertThat(asked).isEqualTo(new EncoderSpec(Pooling.LAST, 512, false));
        EncoderSpec bag = EncoderDefaults.encoder(new ModalitySpec.Text(8), labels, Pooling.INPUT_ONLY, 0, null);
        assertThat(bag.featureWidth()).isEqualTo(4_096);
        assertThat(EncoderDefaults.encoder(new ModalitySpec.Text(8), labels, Pooling.INPUT_ONLY, 64, null)
                        .featureWidth())
                .isEqualTo(64);
        Task perToken = new Task.TokenClassification(List.of(), 4);
        assertThat(EncoderDefaults.encoder(BITS, perToken, null, 0, null).pooling())
                .isEqualTo(Pooling.PER_TOKEN);
    }

    void ridgeDependsOnWhatFeaturesConsistOf(int modality, double flattened, double mean, double inputOnly) {
        ModalitySpec read = Fixtures.modalities().get(modality);
        Task labels = new Task.Classification(List.of(), 4);
        Map<Pooling, Double> ridges =
                Map.of(Pooling.FLATTEN, flattened, Pooling.MEAN, mean, Pooling.INPUT_ONLY, inputOnly);
        ridges.forEach((pooling, ridge) -> assertThat(
                        EncoderDefaults.ridge(read, labels, EncoderDefaults.encoder(read, labels, pooling, 0, null)))
                .isEqualTo(ridge));
    }

    @Test
    void ridgeOfForecastsAndBitsIsTheirOwn() {
        ModalitySpec series = new ModalitySpec.Series(1, 8, 1, true);
        Task forecast = new Task.Forecast(2, 1);
        assertThat(EncoderDefaults.ridge(series, forecast, EncoderDefaults.encoder(series, forecast)))
                .isEqualTo(300);
        Task labels = new Task.Classification(List.of(), 2);
        assertThat(EncoderDefaults.ridge(BITS, labels, EncoderDefaults.encoder(BITS, labels)))
                .isEqualTo(1);
    }
}
