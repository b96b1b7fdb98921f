// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.buffer.Buffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the bytes of a request into messages: a byte that says whether the payload is compressed, four bytes of length,
 * the payload. Not thread-safe.
 */
final class MessageDeframer {
    static final int PREFIX_BYTES = 5;

    private static final byte[] EMPTY = {};
    private static final int KEPT_BYTES = 64 << 10;

    private final int mostBytes;
    private byte[] buffer = EMPTY;
    private int start;
    private int end;

    /** @param mostBytes largest payload */
    MessageDeframer(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** A message as it was sent, {@code length} bytes of an array that is only valid until more bytes are added. */
    record Frame(boolean compressed, byte[] array, int offset, int length) {}

    void add(Buffer bytes) {
        int count = bytes.length();
        if (count > buffer.length - end) {
            int unread = end - start;
            byte[] target = unread + count > buffer.length ? new byte[Math.max(2 * unread, unread + count)] : buffer;
            System.arraycopy(buffer, start, target, 0, unread);
            buffer = target;
            start = 0;
            end = unread;
        }
        bytes.getBytes(0, count, buffer, end);
        end += count;
    }

    /**
     * The next message, null if the rest of it has yet to come.
     *
     * @throws Refused INVALID_FIELD if the bytes are no message, TOO_LARGE as soon as its length is known
     */
    @Nullable
    Frame next() {
        if (end - start < PREFIX_BYTES) {
            dropIfEmpty();
            return null;
        }
        int flag = Byte.toUnsignedInt(buffer[start]);
        if (flag > 1) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: begins with the byte " + flag + " (expected: 0 for a plain one, 1 for a compressed one)",
                    Map.of("field", "message"));
        }
        long length = length(buffer, start + 1);
        if (length > mostBytes) {
            throw new Refused(
                    Reason.TOO_LARGE,
                    "message: " + length + " bytes (expected: at most " + mostBytes + ")",
                    Map.of("limit", Integer.toString(mostBytes)));
        }
        if (end - start - PREFIX_BYTES < length) {
            return null;
        }
        Frame frame = new Frame(flag == 1, buffer, start + PREFIX_BYTES, (int) length);
        start += PREFIX_BYTES + (int) length;
        return frame;
    }

    /** Bytes of a message of which the rest has not come. */
    int incompleteBytes() {
        return end - start;
    }

    private void dropIfEmpty() {
        if (start == end) {
            start = 0;
            end = 0;
            if (buffer.length > KEPT_BYTES) {
                buffer = EMPTY;
            }
        }
    }

    private static long length(byte[] bytes, int at) {
        return Byte.toUnsignedLong(bytes[at]) << 24
                | Byte.toUnsignedLong(bytes[at + 1]) << 16
                | Byte.toUnsignedLong(bytes[at + 2]) << 8
                | Byte.toUnsignedLong(bytes[at + 3]);
    }
}
