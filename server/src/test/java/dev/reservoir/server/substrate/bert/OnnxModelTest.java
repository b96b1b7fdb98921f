// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.reservoir.server.substrate.onnx.GraphProto;
import dev.reservoir.server.substrate.onnx.ModelProto;
import dev.reservoir.server.substrate.onnx.NodeProto;
import dev.reservoir.server.substrate.onnx.TensorProto;
import dev.reservoir.server.substrate.torch.FrozenTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Reading weights by name, and what is said when a file is not what it should be. */
final class OnnxModelTest {
    private static final String QUERY = "encoder.layer.0.attention.self.query";

    @Test
    void findsAMatrixByTheProductThatReadsIt() {
        OnnxModel model = model(
                node("/encoder/layer.0/attention/self/query/MatMul", "onnx::MatMul_7"),
                array("onnx::MatMul_7", 1, 2, 3, 4, 5, 6).addDims(2).addDims(3),
                array("onnx::MatMul_8", 9).addDims(1));
        FrozenTensor matrix = model.matrix(QUERY, 2, 3);
        assertThat(matrix.floats().get(5)).isEqualTo(6f);
        assertThat(matrix.shape()).containsExactly(2, 3);
    }

    @Test
    void readsNumbersThatAreNotStoredRaw() {
        TensorProto.Builder array = TensorProto.newBuilder()
                .setName("bias")
                .setDataType(1)
                .addDims(2)
                .addAllFloatData(List.of(1.5f, -2f));
        assertThat(model(node("n", "bias"), array).tensor("bias", 2).floats().get(1))
                .isEqualTo(-2f);
    }

    @Test
    void namesWhatIsMissing() {
        OnnxModel model = model(node("/other/MatMul", "w"), array("w", 1).addDims(1));
        assertThatThrownBy(() -> model.matrix(QUERY, 2, 3))
                .hasMessageContaining("test.onnx: no product /encoder/layer.0/attention/self/query/MatMul")
                .hasMessageContaining("1 MatMul nodes");
        assertThatThrownBy(() -> model.tensor("embeddings.LayerNorm.bias", 3))
                .hasMessageContaining("no weight embeddings.LayerNorm.bias");
    }

    @Test
    void namesAWrongShapeTypeSizeOrPlace() {
        assertThatThrownBy(
                        () -> model(node("n", "w"), array("w", 1, 2).addDims(2)).tensor("w", 3))
                .hasMessage("weight test.onnx:w: shape [2] (expected: [3])");
        assertThatThrownBy(
                        () -> model(node("n", "w"), array("w", 1, 2).addDims(3)).tensor("w", 3))
                .hasMessageContaining("8 bytes (expected: 12");
        assertThatThrownBy(() -> model(node("n", "w"), array("w", 1).addDims(1).setDataType(7))
                        .tensor("w", 1))
                .hasMessageContaining("data type 7 (expected: 1, float)");
        assertThatThrownBy(() -> model(
                                node("n", "w"),
                                array("w", 1).addDims(1).setDataLocation(TensorProto.DataLocation.EXTERNAL))
                        .tensor("w", 1))
                .hasMessageContaining("lies in another file");
    }

    @Test
    void refusesWhatIsNotFinite() {
        FrozenTensor tensor =
                model(node("n", "w"), array("w", 1, Float.NaN).addDims(2)).tensor("w", 2);
        assertThatThrownBy(tensor::requireFinite).hasMessage("weight test.onnx:w: NaN at 1 (expected: finite numbers)");
    }

    @Test
    void refusesFilesThatAreCutOrSomethingElse() {
        ByteBuffer whole = bytes(node("n", "w"), array("w", 1, 2, 3).addDims(3));
        for (int length = 1; length < whole.remaining(); length++) {
            ByteBuffer cut = whole.duplicate().limit(length);
            assertThatThrownBy(() -> new OnnxModel("cut.onnx", cut).tensor("w", 3))
                    .as("%d bytes", length)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cut.onnx");
        }
        assertThatThrownBy(() -> new OnnxModel("empty.onnx", ByteBuffer.allocateDirect(0)))
                .hasMessageContaining("no weights");
        ByteBuffer noise = ByteBuffer.allocateDirect(64);
        while (noise.hasRemaining()) {
            noise.put((byte) 0xff);
        }
        assertThatThrownBy(() -> new OnnxModel("noise.onnx", noise.flip())).hasMessageContaining("not a whole ONNX");
    }

    private static NodeProto node(String name, String weight) {
        return NodeProto.newBuilder()
                .setName(name)
                .setOpType("MatMul")
                .addInput("x")
                .addInput(weight)
                .build();
    }

    private static TensorProto.Builder array(String name, float... values) {
        ByteBuffer raw = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            raw.putFloat(value);
        }
        return TensorProto.newBuilder().setName(name).setDataType(1).setRawData(ByteString.copyFrom(raw.flip()));
    }

    private static OnnxModel model(NodeProto node, TensorProto.Builder... arrays) {
        return new OnnxModel("test.onnx", bytes(node, arrays));
    }

    private static ByteBuffer bytes(NodeProto node, TensorProto.Builder... arrays) {
        GraphProto.Builder graph = GraphProto.newBuilder().addNode(node);
        for (TensorProto.Builder array : arrays) {
            graph.addInitializer(array);
        }
        byte[] bytes = ModelProto.newBuilder().setGraph(graph).build().toByteArray();
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
}
