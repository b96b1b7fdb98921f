// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.reservoir.heads.NamedTensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The safetensors format, written and read, against its specification. */
final class SafetensorsTest {
    private static final float[] NUMBERS = {1.5f, -2, 0, 3e-38f, 5, 6};
    private static final List<NamedTensor> TENSORS = List.of(
            NamedTensor.of("a", NUMBERS, 2, 3),
            new NamedTensor("none", NamedTensor.Type.F32, new int[] {0, 4}, i -> 9),
            new NamedTensor("places", NamedTensor.Type.I32, new int[] {3}, i -> -7 * i),
            NamedTensor.transposed("t", new float[][] {{1, 2, 3, 4}, {5, 6, 7, 8}}, 2, 1, 2));
    private static final Map<String, String> METADATA = Map.of("labels", "[\"a\\\"b\\u00e9\",\"\ud83d\ude00\"]");

    private static byte[] written(int most) {
        SafetensorsOutput file = new SafetensorsOutput(METADATA, TENSORS);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] piece = file.next(most); piece.length > 0; piece = file.next(most)) {
            assertThat(piece.length).isLessThanOrEqualTo(most);
            all.writeBytes(piece);
        }
        assertThat(all.size()).isEqualTo(file.size());
        return all.toByteArray();
    }

    @Test
    void bytesFollowTheSpecification() {
        ByteBuffer bytes = ByteBuffer.wrap(written(1 << 20)).order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) bytes.getLong();
        assertThat(length % 8).isZero();
        String text = new String(bytes.array(), 8, length, StandardCharsets.UTF_8);
        assertThat(text).startsWith("{");
        JsonObject header = JsonParser.parseString(text).getAsJsonObject();
        assertThat(header.get("__metadata__").getAsJsonObject().get("labels").getAsString())
                .isEqualTo(METADATA.get("labels"));
        assertThat(header.get("a")).hasToString("{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}");
        assertThat(header.get("none")).hasToString("{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[24,24]}");
        assertThat(header.get("places")).hasToString("{\"dtype\":\"I32\",\"shape\":[3],\"data_offsets\":[24,36]}");
        assertThat(header.get("t")).hasToString("{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[36,52]}");
        ByteBuffer data = bytes.position(8 + length).slice().order(ByteOrder.LITTLE_ENDIAN);
        assertThat(data.remaining()).isEqualTo(52);
        for (float number : NUMBERS) {
            assertThat(data.getFloat()).isEqualTo(number);
        }
        assertThat(new int[] {data.getInt(), data.getInt(), data.getInt()}).containsExactly(0, -7, -14);
        assertThat(new float[] {data.getFloat(), data.getFloat(), data.getFloat(), data.getFloat()})
                .as("columns 1 and 2 of two rows, turned")
                .containsExactly(2, 6, 3, 7);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 12, 40, 1_000})
    void piecesOfAnySizeMakeTheSameFile(int most) {
        assertThat(written(most)).isEqualTo(written(1 << 20));
    }

    @Test
    void writtenTensorsAreReadBack() {
        SafetensorsInput read = SafetensorsInput.of(ByteBuffer.wrap(written(1 << 20)));
        assertThat(read.metadata()).isEqualTo(METADATA);
        assertThat(read.tensors().keySet()).containsExactly("a", "none", "places", "t");
        for (NamedTensor tensor : TENSORS) {
            NamedTensor other = read.tensors().get(tensor.name());
            assertThat(other.type()).isEqualTo(tensor.type());
            assertThat(other.shape()).isEqualTo(tensor.shape());
            for (int i = 0; i < tensor.count(); i++) {
                assertThat(other.bits().applyAsInt(i)).isEqualTo(tensor.bits().applyAsInt(i));
            }
        }
    }

    @Test
    void aDuplicateNameIsNotWritten() {
        assertThatThrownBy(() -> new SafetensorsOutput(Map.of(), List.of(TENSORS.get(0), TENSORS.get(0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor a: twice (expected: each name once)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "[];8;a header that is not one",
                "{\"a\":[]};8;a header that is not one",
                "{\"a\":{}};8;a header that is not one",
                "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}};8;tensor a of F64 (expected: F32 or"
                        + " I32)",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}};8;tensor a: size -2",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,8]}};8;tensor a: size 65536",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}};8;tensor a at [4,8] (expected: [0,4]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}};8;8 bytes of numbers (expected: 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}};8;tensor a up to byte 12",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}};8;tensor a with NaN at 1",
            })
    void malformedFilesAreRefused(String header, int data, String message) {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + text.length + data).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(text.length).put(text).putInt(0).putInt(0x7fc00000).flip();
        assertThatThrownBy(() -> SafetensorsInput.of(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void truncatedFilesAreRefused() {
        byte[] whole = written(1 << 20);
        for (int length = 0; length < whole.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> SafetensorsInput.of(cut)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
