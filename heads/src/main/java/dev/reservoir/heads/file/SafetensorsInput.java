// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.file;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.reservoir.heads.NamedTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The content of a file in the safetensors format, checked as a whole: every tensor is of f32 or i32, there are no gaps
 * between their numbers, and floats are finite.
 *
 * @param metadata texts under {@code __metadata__}
 * @param tensors by name, in the order of the file; they read the given bytes
 */
public record SafetensorsInput(Map<String, String> metadata, Map<String, NamedTensor> tensors) {
    private static final int LONGEST_HEADER = 64 << 20;

    /**
     * Reads a file.
     *
     * @param file from position 0 to the limit; not to be written while tensors are read
     * @throws IllegalArgumentException saying what is wrong with it
     */
    public static SafetensorsInput of(ByteBuffer file) {
        ByteBuffer bytes = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        long length = bytes.remaining() < Long.BYTES ? -1 : bytes.getLong();
        if (length < 2 || length > Math.min(LONGEST_HEADER, bytes.remaining())) {
            throw wrong("a header of " + length + " bytes", "2 to " + Math.min(LONGEST_HEADER, bytes.remaining()));
        }
        byte[] text = new byte[(int) length];
        bytes.get(text);
        ByteBuffer data = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        try {
            return of(
                    JsonParser.parseString(new String(text, StandardCharsets.UTF_8))
                            .getAsJsonObject(),
                    data);
        } catch (JsonParseException
                | IllegalStateException
                | ClassCastException
                | NumberFormatException
                | UnsupportedOperationException e) {
            throw wrong("a header that is not one: " + e.getMessage(), "JSON objects as the format has them");
        }
    }

    private static SafetensorsInput of(JsonObject header, ByteBuffer data) {
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, NamedTensor> tensors = new LinkedHashMap<>();
        int end = 0;
        for (Map.Entry<String, JsonElement> entry : header.entrySet()) {
            JsonObject value = entry.getValue().getAsJsonObject();
            if (entry.getKey().equals("__metadata__")) {
                value.entrySet()
                        .forEach(note ->
                                metadata.put(note.getKey(), note.getValue().getAsString()));
            } else {
                NamedTensor tensor = tensor(entry.getKey(), value, end, data);
                end += Integer.BYTES * tensor.count();
                tensors.put(tensor.name(), tensor);
            }
        }
        if (end != data.limit()) {
            throw wrong(data.limit() + " bytes of numbers", end + ", as the header says");
        }
        tensors.values().forEach(SafetensorsInput::checkFinite);
        return new SafetensorsInput(metadata, tensors);
    }

    private static NamedTensor tensor(String name, JsonObject entry, int start, ByteBuffer data) {
        String type = field(entry, "dtype").getAsString();
        if (!type.equals("F32") && !type.equals("I32")) {
            throw wrong("tensor " + name + " of " + type, "F32 or I32");
        }
        JsonArray sizes = field(entry, "shape").getAsJsonArray();
        int[] shape = new int[sizes.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = sizes.get(i).getAsInt();
        }
        NamedTensor tensor = new NamedTensor(
                name, NamedTensor.Type.valueOf(type), shape, i -> data.getInt(start + Integer.BYTES * i));
        JsonArray offsets = field(entry, "data_offsets").getAsJsonArray();
        long end = start + (long) Integer.BYTES * tensor.count();
        if (offsets.size() != 2
                || offsets.get(0).getAsLong() != start
                || offsets.get(1).getAsLong() != end) {
            throw wrong("tensor " + name + " at " + offsets, "[" + start + "," + end + "], without a gap");
        }
        if (end > data.limit()) {
            throw wrong("tensor " + name + " up to byte " + end, "at most " + data.limit());
        }
        return tensor;
    }

    private static JsonElement field(JsonObject entry, String name) {
        JsonElement value = entry.get(name);
        if (value == null) {
            throw wrong("a header that is not one: a tensor without " + name, "dtype, shape and data_offsets");
        }
        return value;
    }

    private static void checkFinite(NamedTensor tensor) {
        int count = tensor.type() == NamedTensor.Type.F32 ? tensor.count() : 0;
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(tensor.floatAt(i))) {
                throw wrong("tensor " + tensor.name() + " with " + tensor.floatAt(i) + " at " + i, "finite numbers");
            }
        }
    }

    private static IllegalArgumentException wrong(String met, String expected) {
        return new IllegalArgumentException("safetensors: " + met + " (expected: " + expected + ")");
    }
}
