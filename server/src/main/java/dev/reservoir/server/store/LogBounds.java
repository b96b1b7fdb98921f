// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Where the log begins and ends.
 *
 * @param begin the first offset that is kept
 * @param beginBytes bytes of all frames before it
 * @param beginCrc checksum of the frame before it, 0 before the first of all
 * @param end the last offset, {@code begin - 1} if nothing is kept
 * @param endBytes bytes of all frames ever written
 * @param endCrc checksum of the last frame
 */
record LogBounds(long begin, long beginBytes, int beginCrc, long end, long endBytes, int endCrc) {
    static final LogBounds EMPTY = new LogBounds(1, 0, 0, 0, 0, 0);

    LogBounds after(Frame frame) {
        return withEnd(frame.last(), frame.bytesThrough(), frame.crc());
    }

    LogBounds withEnd(long newEnd, long newBytes, int newCrc) {
        return new LogBounds(begin, beginBytes, beginCrc, newEnd, newBytes, newCrc);
    }

    LogBounds withBegin(long newBegin, long newBytes, int newCrc) {
        return new LogBounds(newBegin, newBytes, newCrc, end, endBytes, endCrc);
    }

    /** The records up to an offset are lost: the next one comes after it. */
    LogBounds withLost(long newEnd) {
        return new LogBounds(begin, beginBytes, beginCrc, newEnd, endBytes, endCrc);
    }

    int checksum() {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(4 * Long.BYTES + 2 * Integer.BYTES)
                .putLong(begin)
                .putLong(beginBytes)
                .putInt(beginCrc)
                .putLong(end)
                .putLong(endBytes)
                .putInt(endCrc)
                .flip());
        return (int) crc.getValue();
    }
}
