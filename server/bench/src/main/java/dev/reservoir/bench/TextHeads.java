// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.modality.EncoderDefaults;
import java.util.List;
import java.util.stream.IntStream;

/** Specifications of heads that classify text into ten labels. */
final class TextHeads {
    static final String TENANT = "bench";
    static final int CLASSES = 10;

    private TextHeads() {}

    static HeadSpec spec(String id, LearningSpec learning) {
        ModalitySpec modality = new ModalitySpec.Text(EncoderDefaults.TEXT_MAX_TOKENS);
        List<String> labels =
                IntStream.range(0, CLASSES).mapToObj(TextHeads::label).toList();
        Task task = new Task.Classification(labels, CLASSES);
        EncoderSpec encoder = EncoderDefaults.encoder(modality, task);
        return new HeadSpec(new HeadName(TENANT, id), modality, task, encoder, learning, 0);
    }

    static LearningSpec gradient() {
        return new LearningSpec.Gradient(1e-2, 0, 1, 256);
    }

    static LearningSpec leastSquares() {
        return new LearningSpec.RecursiveLeastSquares(100, 1, 256);
    }

    static String label(int index) {
        return "label-" + index;
    }
}
