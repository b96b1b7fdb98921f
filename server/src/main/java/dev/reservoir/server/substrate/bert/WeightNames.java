// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.NamedTensor;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The weights of a BERT encoder by the names of an exported substrate. */
final class WeightNames {
    /** Of {@link BertWeights.Layer#matrices}, in their order; their biases are named alike. */
    private static final List<String> PRODUCTS = List.of(
            "attention.query",
            "attention.key",
            "attention.value",
            "attention.output",
            "feed_forward.up",
            "feed_forward.down");

    private static final List<String> NORMS =
            List.of("attention.norm.gain", "attention.norm.bias", "feed_forward.norm.gain", "feed_forward.norm.bias");

    private WeightNames() {}

    static List<NamedTensor> of(BertWeights weights) {
        List<NamedTensor> tensors = new ArrayList<>(List.of(
                tensor("embeddings.word", weights.word()),
                tensor("embeddings.position", weights.position()),
                tensor("embeddings.token_type", weights.tokenType()),
                tensor("embeddings.norm.gain", weights.normGain()),
                tensor("embeddings.norm.bias", weights.normBias())));
        for (int l = 0; l < weights.layers().size(); l++) {
            BertWeights.Layer layer = weights.layers().get(l);
            String prefix = "layers." + l + ".";
            for (int i = 0; i < PRODUCTS.size(); i++) {
                String product = prefix + PRODUCTS.get(i);
                tensors.add(tensor(product + ".weight", layer.matrices().get(i)));
                tensors.add(tensor(product + ".bias", layer.vectors().get(i)));
            }
            for (int i = 0; i < NORMS.size(); i++) {
                tensors.add(tensor(prefix + NORMS.get(i), layer.vectors().get(PRODUCTS.size() + i)));
            }
        }
        return tensors;
    }

    private static NamedTensor tensor(String name, FrozenTensor tensor) {
        int[] shape = Arrays.stream(tensor.shape()).mapToInt(Math::toIntExact).toArray();
        ByteBuffer values = tensor.values().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int start = values.position();
        return new NamedTensor(name, NamedTensor.Type.F32, shape, i -> values.getInt(start + Integer.BYTES * i));
    }
}
