// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import com.google.gson.JsonParser;
import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.file.HeadFile;
import dev.reservoir.heads.file.SafetensorsInput;
import dev.reservoir.server.substrate.torch.Products;
import dev.reservoir.server.substrate.torch.ProgramSource;
import dev.reservoir.server.substrate.torch.TorchProgram;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code head.py} around {@code bert.py}: an exported head on its substrate, in libtorch. */
final class HeadProgram implements AutoCloseable {
    private static final Set<String> READS = Set.of("token_ids", "rows");
    private static final Set<String> POOLINGS =
            Set.of("mean", "last", "first", "concatenate", "flatten", "input_only", "per_token");
    private static final Set<String> LENGTHS = Set.of("root_of_width", "as_it_is");
    private static final Set<String> LINKS = Set.of("softmax", "logistic", "none");

    private final TorchProgram program = new TorchProgram(ProgramSource.of(HeadProgram.class, "head"), Device.cpu(), 1);

    /** @throws IllegalArgumentException if the file is not that of a head */
    HeadProgram(BertWeights weights, SafetensorsInput head) {
        try {
            choose(head.metadata());
            name(head.metadata());
            for (NamedTensor part : head.tensors().values()) {
                program.call(call -> call.run("add_part", call.text(part.name()), call.tensor(array(call, part))));
            }
            BertProgram.load(program, weights, Products.PLAIN_F32);
            program.call(call -> call.run("prepare_gradients"));
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
    }

    void write(OutputStream out) {
        program.write(out);
    }

    @Override
    public void close() {
        program.close();
    }

    private void choose(Map<String, String> metadata) {
        oneOf(metadata, "format", Set.of(HeadFile.FORMAT));
        String reads = oneOf(metadata, "reads", READS);
        String pooling = oneOf(metadata, "pooling", POOLINGS);
        boolean scaled = oneOf(metadata, "pooled_length", LENGTHS).equals("root_of_width");
        String link = oneOf(metadata, "link", LINKS);
        program.call(call -> call.run(
                "choose",
                call.text(reads),
                call.text(pooling),
                call.flag(scaled),
                call.text(link),
                call.number(number(metadata, "max_tokens")),
                call.number(metadata.containsKey("flatten_width") ? number(metadata, "flatten_width") : 0),
                call.number(metadata.containsKey("raw_width") ? number(metadata, "raw_width") : 0)));
    }

    private void name(Map<String, String> metadata) {
        List<String> labels = new ArrayList<>();
        JsonParser.parseString(metadata.getOrDefault("labels", "[]"))
                .getAsJsonArray()
                .forEach(label -> labels.add(label.getAsString()));
        if (!labels.isEmpty()) {
            program.call(call -> call.run("name_outputs", call.texts(labels)));
        }
    }

    private static PtNDArray array(TorchProgram.Call call, NamedTensor part) {
        ByteBuffer bytes =
                ByteBuffer.allocateDirect(Integer.BYTES * part.count()).order(ByteOrder.nativeOrder());
        part.copyTo(bytes, 0);
        long[] shape = Arrays.stream(part.shape()).asLongStream().toArray();
        DataType type = part.type() == NamedTensor.Type.F32 ? DataType.FLOAT32 : DataType.INT32;
        return call.array(bytes.flip(), type, shape);
    }

    private static String oneOf(Map<String, String> metadata, String name, Set<String> known) {
        String value = metadata.getOrDefault(name, "");
        if (!known.contains(value)) {
            throw new IllegalArgumentException("head: " + name + " \"" + value + "\" (expected: one of " + known + ")");
        }
        return value;
    }

    private static long number(Map<String, String> metadata, String name) {
        try {
            return Integer.parseUnsignedInt(metadata.getOrDefault(name, ""));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "head: " + name + " \"" + metadata.get(name) + "\" (expected: a number)", e);
        }
    }
}
