// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.file;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.reservoir.heads.NamedTensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * A file of the safetensors format (https://github.com/huggingface/safetensors), made piece by piece: the length of a
 * header in 8 bytes, little-endian, the header in JSON, then the elements of each tensor in the order of the header,
 * little-endian. Equal input gives equal bytes. Not thread-safe.
 */
public final class SafetensorsOutput {
    /** The data begin at a multiple of this. */
    private static final int ALIGNMENT = 8;

    private final ByteBuffer head;
    private final long size;
    private final Iterator<NamedTensor> left;
    private NamedTensor current;
    private int next;

    /**
     * @param metadata under {@code __metadata__}
     * @param tensors at least one, each name once
     */
    public SafetensorsOutput(Map<String, String> metadata, List<NamedTensor> tensors) {
        JsonObject header = new JsonObject();
        JsonObject notes = new JsonObject();
        metadata.forEach(notes::addProperty);
        header.add("__metadata__", notes);
        long offset = 0;
        for (NamedTensor tensor : tensors) {
            if (header.has(tensor.name())) {
                throw new IllegalArgumentException("tensor " + tensor.name() + ": twice (expected: each name once)");
            }
            JsonObject entry = new JsonObject();
            entry.addProperty("dtype", tensor.type().name());
            JsonArray shape = new JsonArray();
            for (int one : tensor.shape()) {
                shape.add(one);
            }
            entry.add("shape", shape);
            JsonArray offsets = new JsonArray();
            offsets.add(offset);
            offset += (long) Integer.BYTES * tensor.count();
            offsets.add(offset);
            entry.add("data_offsets", offsets);
            header.add(tensor.name(), entry);
        }
        head = head(header.toString());
        size = head.remaining() + offset;
        left = tensors.iterator();
        current = left.next();
    }

    /** Bytes of the whole file. */
    public long size() {
        return size;
    }

    /** The next bytes, at most {@code most}, a multiple of 4; none at the end. */
    public byte[] next(int most) {
        ByteArrayOutputStream piece = new ByteArrayOutputStream();
        if (head.hasRemaining()) {
            byte[] bytes = new byte[Math.min(most, head.remaining())];
            head.get(bytes);
            piece.writeBytes(bytes);
        }
        while (!head.hasRemaining() && piece.size() < most && (next < current.count() || left.hasNext())) {
            if (next == current.count()) {
                current = left.next();
                next = 0;
            }
            int count = Math.min(current.count() - next, (most - piece.size()) / Integer.BYTES);
            ByteBuffer numbers = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            current.copyTo(numbers, next);
            next += count;
            piece.writeBytes(numbers.array());
        }
        return piece.toByteArray();
    }

    private static ByteBuffer head(String json) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer head = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(padded).put(text);
        while (head.hasRemaining()) {
            head.put((byte) ' ');
        }
        return head.flip();
    }
}
