// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Unsigned bytes in the IDX format of the MNIST family: two zero bytes, type 0x08, the rank, one big-endian 32-bit size
 * for each axis, then the items in row-major order.
 */
public final class IdxFile {

    private static final int UNSIGNED_BYTES = 0x08;

    private final int items;
    private final int itemBytes;
    private final byte[] data;

    private IdxFile(int items, int itemBytes, byte[] data) {
        this.items = items;
        this.itemBytes = itemBytes;
        this.data = data;
    }

    static IdxFile read(Resource resource) {
        return parse(resource.name(), resource.bytes());
    }

    /**
     * @param name used in error messages
     * @throws UncheckedIOException if the bytes are not in this format
     */
    public static IdxFile parse(String name, byte[] file) {
        ByteBuffer header = ByteBuffer.wrap(file);
        int magic = header.getInt();
        int rank = magic & 0xff;
        if (magic >>> 8 != UNSIGNED_BYTES || rank == 0) {
            throw new UncheckedIOException(new IOException(name + ": magic " + magic + " (expected: 2049 to 2303)"));
        }
        int items = header.getInt();
        int itemBytes = 1;
        for (int axis = 1; axis < rank; axis++) {
            itemBytes = Math.multiplyExact(itemBytes, header.getInt());
        }
        if (header.remaining() != (long) items * itemBytes) {
            throw new UncheckedIOException(new IOException(
                    name + ": " + header.remaining() + " bytes of data (expected: " + items + " x " + itemBytes + ")"));
        }
        return new IdxFile(items, itemBytes, Arrays.copyOfRange(file, header.position(), file.length));
    }

    /** Size of the first axis. */
    public int items() {
        return items;
    }

    /** The bytes of one item, in row-major order. */
    public byte[] item(int index) {
        return Arrays.copyOfRange(data, index * itemBytes, (index + 1) * itemBytes);
    }
}
