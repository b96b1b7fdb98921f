// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.server.substrate.torch.FrozenTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Weights whose matrices are multiplied by a number. */
final class Scaled {
    private Scaled() {}

    static BertWeights by(float factor, BertWeights weights) {
        List<BertWeights.Layer> layers = new ArrayList<>();
        for (BertWeights.Layer layer : weights.layers()) {
            layers.add(new BertWeights.Layer(
                    layer.matrices().stream().map(matrix -> by(factor, matrix)).toList(), layer.vectors()));
        }
        return new BertWeights(
                weights.shape(),
                weights.word(),
                weights.position(),
                weights.tokenType(),
                weights.normGain(),
                weights.normBias(),
                layers);
    }

    static FrozenTensor by(float factor, FrozenTensor tensor) {
        ByteBuffer scaled =
                ByteBuffer.allocateDirect(tensor.values().remaining()).order(ByteOrder.LITTLE_ENDIAN);
        while (scaled.hasRemaining()) {
            scaled.putFloat(factor * tensor.floats().get(scaled.position() / Float.BYTES));
        }
        return new FrozenTensor(tensor.name(), tensor.shape(), scaled.flip());
    }
}
