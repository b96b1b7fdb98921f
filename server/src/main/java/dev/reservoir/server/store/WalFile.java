// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * SQLite's write-ahead log as a file, for the one thing that SQLite does not tell: it takes the log as ended at the
 * first frame whose checksum is wrong, whether the commit of that frame was never synced, or was and then damaged, with
 * every commit after it. As each commit is synced before the next one begins, a frame that is wrong although a later
 * commit has begun is damage. It is repaired by computing the checksums anew, so that no commit after it is lost; what
 * is wrong in its pages is found by the checksums of this package.
 *
 * <p>Format: <a href="https://www.sqlite.org/fileformat2.html#the_write_ahead_log">sqlite.org, The Write-Ahead Log</a>.
 * A header of 32 bytes; frames of 24 bytes and a page. Frames of this generation have the header's salts; older ones
 * that follow have others. A checksum is over everything from the header on.
 */
final class WalFile {
    /** What the log's end looks like. */
    enum Verdict {
        /** It ends with a whole commit. */
        WHOLE,
        /** It ends within a commit, which was therefore never synced. */
        TORN,
        /** A commit that was synced is damaged. */
        DAMAGED
    }

    private static final int HEADER = 32;
    private static final int FRAME_HEADER = 24;
    private static final int MAGIC = 0x377f0682;
    private static final int BIG_ENDIAN = 1;
    private static final int VERSION = 3_007_000;
    private static final int LEAST_PAGE = 512;
    private static final int LARGEST_PAGE = 65_536;

    private final FileChannel channel;
    private final int pageSize;
    private final ByteBuffer header;
    private final boolean headerSound;
    private final ByteOrder order;
    private final long frames;
    private final long salts;

    private WalFile(FileChannel channel, int usualPageSize) throws IOException {
        this.channel = channel;
        header = read(0, HEADER);
        int magic = header.getInt(0);
        int page = header.getInt(8);
        boolean known = (magic & ~BIG_ENDIAN) == MAGIC
                && header.getInt(4) == VERSION
                && Integer.bitCount(page) == 1
                && page >= LEAST_PAGE
                && page <= LARGEST_PAGE;
        order = known && (magic & BIG_ENDIAN) != 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        headerSound = known && new Sum(0, 0).add(header, 0, 24).equals(header, 24);
        pageSize = headerSound ? page : usualPageSize;
        frames = (channel.size() - HEADER) / (FRAME_HEADER + pageSize);
        // Every generation begins with the first frame, so that its salts stand there too.
        salts = headerSound || frames == 0
                ? header.getLong(16)
                : read(HEADER, FRAME_HEADER).getLong(8);
    }

    /**
     * Looks at a log that no process has open, and repairs it if it is damaged. The damaged file is kept beside it.
     *
     * @param file may not exist
     * @param pageSize of the database
     */
    static Verdict inspect(Path file, int pageSize) throws IOException {
        if (!Files.exists(file) || Files.size(file) < HEADER + FRAME_HEADER + LEAST_PAGE) {
            return Verdict.WHOLE;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            WalFile log = new WalFile(channel, pageSize);
            Found found = log.scan();
            if (found.verdict == Verdict.DAMAGED) {
                Path kept = file.resolveSibling(file.getFileName() + ".damaged");
                Files.copy(file, kept, StandardCopyOption.REPLACE_EXISTING);
                log.rewriteChecksums(found);
            }
            return found.verdict;
        }
    }

    /** @param lastCommit index of the last frame that ends a commit; -1 if there is none */
    private record Found(Verdict verdict, long lastCommit) {}

    private Found scan() throws IOException {
        long firstWrong = headerSound ? -1 : 0;
        long lastCommit = -1;
        long commitAfterWrong = -1;
        boolean begunAfter = false;
        long last = -1;
        Sum before = new Sum(header.getInt(24), header.getInt(28));
        for (long index = 0; index < frames; index++) {
            ByteBuffer frame = read(HEADER + index * (FRAME_HEADER + pageSize), FRAME_HEADER + pageSize);
            boolean ours = frame.getLong(8) == salts;
            boolean sound = ours
                    && before.add(frame, 0, 8)
                            .add(frame, FRAME_HEADER, pageSize)
                            .equals(frame, 16);
            // From the stored value: one wrong frame must not make all that follow look wrong.
            before = new Sum(frame.getInt(16), frame.getInt(20));
            if (!sound && firstWrong < 0) {
                firstWrong = index;
            }
            if (ours) {
                last = index;
                begunAfter |= sound && commitAfterWrong >= 0;
                if (frame.getInt(4) != 0 && (sound || firstWrong >= 0)) {
                    lastCommit = index;
                    if (firstWrong >= 0 && commitAfterWrong < 0) {
                        commitAfterWrong = index;
                    }
                }
            }
        }
        if (firstWrong >= 0 && (begunAfter || (!headerSound && lastCommit >= 0))) {
            return new Found(Verdict.DAMAGED, lastCommit);
        }
        return new Found(
                last > lastCommit || (firstWrong >= 0 && firstWrong <= last) ? Verdict.TORN : Verdict.WHOLE, -1);
    }

    private void rewriteChecksums(Found found) throws IOException {
        if (!headerSound) {
            header.putInt(0, MAGIC).putInt(4, VERSION).putInt(8, pageSize).putLong(16, salts);
        }
        Sum sum = new Sum(0, 0).add(header, 0, 24);
        sum.store(header, 24);
        write(header, 0);
        for (long index = 0; index <= found.lastCommit; index++) {
            long position = HEADER + index * (FRAME_HEADER + pageSize);
            ByteBuffer frame = read(position, FRAME_HEADER + pageSize);
            frame.putLong(8, salts);
            sum = sum.add(frame, 0, 8).add(frame, FRAME_HEADER, pageSize);
            sum.store(frame, 16);
            write(frame, position);
        }
        channel.force(true);
    }

    private ByteBuffer read(long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, position + buffer.position()) < 0) {
                throw new EOFException("the write-ahead log is shorter than its size");
            }
        }
        return buffer;
    }

    private void write(ByteBuffer buffer, long position) throws IOException {
        buffer.clear();
        while (buffer.hasRemaining()) {
            channel.write(buffer, position + buffer.position());
        }
    }

    /** The running checksum: two words, over pairs of words in the order of the machine that began the log. */
    private final class Sum {
        private final int first;
        private final int second;

        Sum(int first, int second) {
            this.first = first;
            this.second = second;
        }

        Sum add(ByteBuffer bytes, int from, int length) {
            ByteBuffer words = bytes.duplicate().order(order);
            int one = first;
            int two = second;
            for (int at = from; at < from + length; at += 8) {
                one += words.getInt(at) + two;
                two += words.getInt(at + 4) + one;
            }
            return new Sum(one, two);
        }

        boolean equals(ByteBuffer stored, int at) {
            return stored.getInt(at) == first && stored.getInt(at + 4) == second;
        }

        void store(ByteBuffer bytes, int at) {
            bytes.putInt(at, first).putInt(at + 4, second);
        }
    }
}
