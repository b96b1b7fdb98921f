// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import ai.djl.Device;
import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.file.SafetensorsInput;
import dev.reservoir.server.substrate.Precision;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import dev.reservoir.server.substrate.torch.Products;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A substrate in the form in which it is exported: f32 on the CPU, with plain matrix products and all weights as
 * ordinary tensors. The files it writes load in PyTorch without any code of this project.
 */
public final class PlainBert implements AutoCloseable {
    private final String name;
    private final BertWeights weights;
    private final BertProgram program;

    private PlainBert(String name, BertWeights weights, BertProgram program) {
        this.name = name;
        this.weights = weights;
        this.program = program;
    }

    /**
     * Loads natives and weights.
     *
     * @throws IllegalArgumentException for an unknown name
     */
    public static PlainBert open(String name) {
        BertModel model = BertModel.named(name);
        NativeRuntime.load(1);
        return of(name, model.weights());
    }

    static PlainBert of(String name, BertWeights weights) {
        return new PlainBert(name, weights, new BertProgram(weights, Products.PLAIN_F32, Device.cpu(), 1));
    }

    public String name() {
        return name;
    }

    /** The number of weights. */
    public long parameters() {
        return weights.shape().parameters();
    }

    /** Writes the program with its weights, to be read by {@code torch.jit.load}. */
    public void writeProgram(OutputStream out) {
        program.write(out);
    }

    /**
     * Writes a head around this substrate, to be read by {@code torch.jit.load}.
     *
     * @throws IllegalArgumentException if the file is not a head, or is one of another substrate
     */
    public void writeHead(SafetensorsInput head, OutputStream out) {
        String theirs = head.metadata().getOrDefault("substrate_digest", "");
        Map<String, String> own = digests();
        if (!own.containsValue(theirs)) {
            throw new IllegalArgumentException("substrate of the head: digest " + theirs + " (expected: one of "
                    + own.values() + ", which " + name + " has in this version; export with the version that serves)");
        }
        try (HeadProgram exported = new HeadProgram(weights, head)) {
            exported.write(out);
        }
    }

    /** The weights, {@code [in, out]}, by clear names. */
    public List<NamedTensor> tensors() {
        return WeightNames.of(weights);
    }

    /** What the weights are of. */
    public Map<String, String> metadata() {
        BertShape shape = weights.shape();
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "reservoir.substrate.v1");
        metadata.put("weights", "[in, out]");
        metadata.put("name", name);
        metadata.put("family", "bert");
        metadata.put("precision", Precision.F32.label());
        metadata.put("layers", Integer.toString(shape.layers()));
        metadata.put("width", Integer.toString(shape.width()));
        metadata.put("attention_heads", Integer.toString(shape.attentionHeads()));
        metadata.put("feed_forward_width", Integer.toString(shape.feedForwardWidth()));
        metadata.put("vocabulary", Integer.toString(shape.vocabulary()));
        metadata.put("positions", Integer.toString(shape.positions()));
        metadata.put("token_types", Integer.toString(shape.tokenTypes()));
        metadata.put("epsilon", Double.toString(shape.epsilon()));
        metadata.putAll(digests());
        return metadata;
    }

    /** The digests under which servers serve these weights, by the kind of their products. */
    private Map<String, String> digests() {
        Map<String, String> digests = new LinkedHashMap<>();
        digests.put("digest_plain_f32", program.digest());
        digests.put("digest_packed_f32", program.digest(Products.PACKED_F32));
        try (BertProgram low = new BertProgram(weights, Products.PLAIN_BF16, Device.cpu(), 1)) {
            digests.put("digest_plain_bf16", low.digest());
        }
        return digests;
    }

    @Override
    public void close() {
        program.close();
    }
}
