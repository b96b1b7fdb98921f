// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * How far the log was durable, kept apart from the database. It is written after a commit was synced and is not synced
 * itself: it may lag behind, but is never ahead. So if it is ahead of the log that was found, the log has lost its end.
 * One whose checksum is wrong says nothing. Not thread-safe.
 */
final class DurableMark implements AutoCloseable {
    static final String NAME = "durable-mark";
    private static final int CONTENT = Long.BYTES;
    private static final int BYTES = CONTENT + Integer.BYTES;

    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BYTES);

    private DurableMark(FileChannel channel) {
        this.channel = channel;
    }

    static DurableMark open(Path folder) throws IOException {
        return new DurableMark(FileChannel.open(
                folder.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** The offset up to which the log was durable; 0 if it says nothing. */
    long read() throws IOException {
        buffer.clear();
        int bytes;
        do {
            bytes = channel.read(buffer, buffer.position());
        } while (bytes > 0 && buffer.hasRemaining());
        if (buffer.hasRemaining()) {
            return 0;
        }
        return buffer.getInt(CONTENT) == checksum() ? Math.max(0, buffer.getLong(0)) : 0;
    }

    void write(long durableThrough) throws IOException {
        buffer.clear();
        buffer.putLong(0, durableThrough);
        buffer.putInt(CONTENT, checksum());
        while (buffer.hasRemaining()) {
            channel.write(buffer, buffer.position());
        }
    }

    void sync() throws IOException {
        channel.force(false);
    }

    private int checksum() {
        CRC32C crc = new CRC32C();
        crc.update(buffer.array(), 0, CONTENT);
        return (int) crc.getValue();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
