// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import dev.reservoir.server.substrate.onnx.GraphProto;
import dev.reservoir.server.substrate.onnx.ModelProto;
import dev.reservoir.server.substrate.onnx.NodeProto;
import dev.reservoir.server.substrate.onnx.TensorProto;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * The weights of an ONNX file (onnx.ai), by the names of arrays and of the products that read them.
 *
 * <p>An exporter renames matrices (they are transposed constants, {@code onnx::MatMul_361}) but keeps the module's path
 * in the product's name ({@code /encoder/layer.0/attention/self/query/MatMul}), so a matrix is found by the product
 * that reads it.
 */
final class OnnxModel implements BertWeights.Source {
    private final String file;
    private final Map<String, TensorProto> arrays = new HashMap<>();
    private final Map<String, NodeProto> products = new HashMap<>();

    /**
     * Reads a model; its arrays stay views of {@code bytes}.
     *
     * @param file what messages call it
     * @throws IllegalArgumentException when it is not an ONNX model with a graph
     */
    OnnxModel(String file, ByteBuffer bytes) {
        this.file = file;
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        in.enableAliasing(true);
        GraphProto graph;
        try {
            graph = ModelProto.parseFrom(in).getGraph();
        } catch (IOException e) {
            throw new IllegalArgumentException(file + ": not a whole ONNX model: " + e.getMessage(), e);
        }
        graph.getInitializerList().forEach(array -> arrays.put(array.getName(), array));
        for (NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("MatMul")) {
                products.put(node.getName(), node);
            }
        }
        if (arrays.isEmpty()) {
            throw new IllegalArgumentException(file + ": no weights (expected: an ONNX model with initializers)");
        }
    }

    @Override
    public FrozenTensor tensor(String name, long... shape) {
        return array(name, name).requireShape(shape);
    }

    @Override
    public FrozenTensor matrix(String name, long in, long out) {
        String product = "/" + name.replace(".", "/").replace("encoder/layer/", "encoder/layer.") + "/MatMul";
        NodeProto node = products.get(product);
        if (node == null) {
            throw new IllegalArgumentException(file + ": no product " + product + " (expected: the one of " + name
                    + "; the file has " + products.size() + " MatMul nodes)");
        }
        if (node.getInputCount() != 2) {
            throw new IllegalArgumentException(
                    file + ": product " + product + " has " + node.getInputCount() + " inputs (expected: 2)");
        }
        return array(node.getInput(1), name).requireShape(in, out);
    }

    private FrozenTensor array(String stored, String name) {
        TensorProto array = arrays.get(stored);
        if (array == null) {
            throw new IllegalArgumentException(file + ": no weight " + stored
                    + (stored.equals(name) ? "" : " of " + name) + " (the file has " + arrays.size() + ")");
        }
        if (array.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            throw new IllegalArgumentException(
                    file + ": weight " + stored + " lies in another file (expected: inside)");
        }
        if (array.getDataType() != TensorProto.DataType.FLOAT_VALUE) {
            throw new IllegalArgumentException(file + ": weight " + stored + " has data type " + array.getDataType()
                    + " (expected: " + TensorProto.DataType.FLOAT_VALUE + ", float)");
        }
        long[] shape = array.getDimsList().stream().mapToLong(Long::longValue).toArray();
        return new FrozenTensor(file + ":" + name, shape, bytes(array));
    }

    private static ByteBuffer bytes(TensorProto array) {
        if (array.getFloatDataCount() > 0) {
            ByteBuffer values = ByteBuffer.allocateDirect(array.getFloatDataCount() * Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            array.getFloatDataList().forEach(values::putFloat);
            return values.flip();
        }
        ByteString raw = array.getRawData();
        return raw.asReadOnlyByteBuffer().slice();
    }
}
