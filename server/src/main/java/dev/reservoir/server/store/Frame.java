// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.reservoir.store.v1.LogRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The records of one commit. Frames form a chain: each holds the checksum of the frame before it and the bytes of all
 * frames before it.
 *
 * @param first offset of the first record
 * @param last offset of the last record
 * @param payload the records, each with its length before it
 * @param crc CRC32C of all the other components
 */
record Frame(long first, long last, long bytesBefore, int crcBefore, byte[] payload, int crc) {

    /** The successor of a log's end. */
    static Frame after(LogBounds bounds, List<byte[]> records) {
        byte[] payload = encode(records);
        long first = bounds.end() + 1;
        long last = bounds.end() + records.size();
        int crc = checksum(first, last, bounds.endBytes(), bounds.endCrc(), payload);
        return new Frame(first, last, bounds.endBytes(), bounds.endCrc(), payload, crc);
    }

    boolean sound() {
        return first >= 1 && last >= first && crc == checksum(first, last, bytesBefore, crcBefore, payload);
    }

    long bytesThrough() {
        return bytesBefore + payload.length;
    }

    /**
     * Reads the records of a sound frame.
     *
     * @throws InvalidProtocolBufferException if a record is not one, or there are more or fewer than the offsets say
     */
    void forEach(RecordConsumer consumer) throws InvalidProtocolBufferException {
        CodedInputStream input = CodedInputStream.newInstance(payload);
        try {
            for (long offset = first; offset <= last; offset++) {
                int limit = input.pushLimit(input.readRawVarint32());
                LogRecord record = LogRecord.parseFrom(input, ExtensionRegistryLite.getEmptyRegistry());
                input.popLimit(limit);
                consumer.accept(offset, record);
            }
            if (!input.isAtEnd()) {
                throw new InvalidProtocolBufferException("bytes after the last record");
            }
        } catch (InvalidProtocolBufferException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Receives a frame's records. */
    @FunctionalInterface
    interface RecordConsumer {
        void accept(long offset, LogRecord record);
    }

    private static byte[] encode(List<byte[]> records) {
        int bytes = 0;
        for (byte[] record : records) {
            bytes = Math.addExact(bytes, CodedOutputStream.computeUInt32SizeNoTag(record.length) + record.length);
        }
        byte[] payload = new byte[bytes];
        CodedOutputStream output = CodedOutputStream.newInstance(payload);
        try {
            for (byte[] record : records) {
                output.writeUInt32NoTag(record.length);
                output.writeRawBytes(record);
            }
            output.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return payload;
    }

    private static int checksum(long first, long last, long bytesBefore, int crcBefore, byte[] payload) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(3 * Long.BYTES + Integer.BYTES)
                .putLong(first)
                .putLong(last)
                .putLong(bytesBefore)
                .putInt(crcBefore)
                .flip());
        crc.update(payload);
        return (int) crc.getValue();
    }
}
