// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.reservoir.store.v1.FrameIndex;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.zip.CRC32C;

/** The tables of the log, by one connection. Not thread-safe. */
final class LogTables {
    private static final int TRIMMED_PER_STEP = 64;
    private static final String FRAME = "first, last, bytes_before, crc_before, crc, payload";

    private final Connection connection;

    LogTables(Connection connection) {
        this.connection = connection;
    }

    /** Adds a frame at the end, in the transaction that is open. */
    void append(Frame frame, FrameIndex index, LogBounds bounds) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO frame (" + FRAME + ") VALUES (?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, frame.first());
            insert.setLong(2, frame.last());
            insert.setLong(3, frame.bytesBefore());
            insert.setInt(4, frame.crcBefore());
            insert.setInt(5, frame.crc());
            insert.setBytes(6, frame.payload());
            insert.executeUpdate();
        }
        byte[] heads = index.toByteArray();
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO frame_index (first, last, crc, heads) VALUES (?, ?, ?, ?)")) {
            insert.setLong(1, frame.first());
            insert.setLong(2, frame.last());
            insert.setInt(3, IndexRow.checksum(frame.first(), frame.last(), heads));
            insert.setBytes(4, heads);
            insert.executeUpdate();
        }
        writeBounds(bounds.after(frame));
    }

    void writeBounds(LogBounds bounds) throws SQLException {
        try (PreparedStatement replace =
                connection.prepareStatement("INSERT OR REPLACE INTO log_bounds VALUES (1, ?, ?, ?, ?, ?, ?, ?)")) {
            replace.setLong(1, bounds.begin());
            replace.setLong(2, bounds.beginBytes());
            replace.setInt(3, bounds.beginCrc());
            replace.setLong(4, bounds.end());
            replace.setLong(5, bounds.endBytes());
            replace.setInt(6, bounds.endCrc());
            replace.setInt(7, bounds.checksum());
            replace.executeUpdate();
        }
    }

    /** The bounds of the log; empty if they are damaged. */
    Optional<LogBounds> readBounds() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT begin, begin_bytes, begin_crc, \"end\", end_bytes, end_crc, crc FROM log_bounds")) {
            if (!row.next()) {
                return Optional.empty();
            }
            LogBounds bounds = new LogBounds(
                    row.getLong(1), row.getLong(2), row.getInt(3), row.getLong(4), row.getLong(5), row.getInt(6));
            return bounds.checksum() == row.getInt(7) ? Optional.of(bounds) : Optional.empty();
        }
    }

    /**
     * Visits frames, whether they are sound or not, in the order of their offsets: from the one that holds an offset to
     * the last that begins at or before another one.
     *
     * @throws SQLException also if the database is damaged there; what was visited before is good
     */
    void scan(long from, long through, FrameVisitor visitor) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT " + FRAME
                + " FROM frame WHERE first >= coalesce((SELECT max(first) FROM frame WHERE first <= ?), ?)"
                + " AND first <= ? ORDER BY first")) {
            select.setLong(1, from);
            select.setLong(2, from);
            select.setLong(3, through);
            visit(select, visitor);
        }
    }

    /** Visits all frames from the last to the first. */
    void scanBackwards(FrameVisitor visitor) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT " + FRAME + " FROM frame ORDER BY first DESC")) {
            visit(select, visitor);
        }
    }

    private static void visit(PreparedStatement select, FrameVisitor visitor) throws SQLException {
        try (ResultSet row = select.executeQuery()) {
            boolean more = true;
            while (more && row.next()) {
                byte[] payload = row.getBytes(6);
                more = visitor.visit(new Frame(
                        row.getLong(1),
                        row.getLong(2),
                        row.getLong(3),
                        row.getInt(4),
                        payload == null ? new byte[0] : payload,
                        row.getInt(5)));
            }
        }
    }

    /** Receives frames as they are stored. */
    @FunctionalInterface
    interface FrameVisitor {
        /** @return whether to go on */
        boolean visit(Frame frame) throws SQLException;
    }

    /** Visits the index rows of all frames that overlap a range of offsets. */
    void scanIndex(long from, long through, IndexVisitor visitor) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT first, last, crc, heads FROM frame_index"
                + " WHERE first >= coalesce((SELECT max(first) FROM frame_index WHERE first <= ?), ?)"
                + " AND first <= ? ORDER BY first")) {
            select.setLong(1, from);
            select.setLong(2, from);
            select.setLong(3, through);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    byte[] heads = row.getBytes(4);
                    visitor.visit(new IndexRow(
                            row.getLong(1), row.getLong(2), row.getInt(3), heads == null ? new byte[0] : heads));
                }
            }
        }
    }

    /** Receives index rows as they are stored. */
    @FunctionalInterface
    interface IndexVisitor {
        void visit(IndexRow row) throws SQLException;
    }

    /**
     * Which heads a frame holds.
     *
     * @param crc CRC32C of the other components
     * @param heads a {@link FrameIndex}
     */
    record IndexRow(long first, long last, int crc, byte[] heads) {
        boolean sound() {
            return crc == checksum(first, last, heads);
        }

        /** The heads of a sound row. */
        FrameIndex parsed() throws SQLException {
            try {
                return FrameIndex.parseFrom(heads);
            } catch (InvalidProtocolBufferException e) {
                throw new SQLException("the index of the frame at offset " + first + " cannot be read", e);
            }
        }

        static int checksum(long first, long last, byte[] heads) {
            CRC32C crc = new CRC32C();
            crc.update(ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(first)
                    .putLong(last)
                    .flip());
            crc.update(heads);
            return (int) crc.getValue();
        }
    }

    /**
     * Drops some of the frames that end before an offset, in the transaction that is open.
     *
     * @return the bounds after it, equal to those before if nothing is left to drop
     */
    LogBounds trimSome(long before, LogBounds bounds) throws SQLException {
        long lastDropped = 0;
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT first FROM frame WHERE last < ? AND first < ? ORDER BY first LIMIT " + TRIMMED_PER_STEP)) {
            select.setLong(1, before);
            select.setLong(2, before);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    lastDropped = row.getLong(1);
                }
            }
        }
        if (lastDropped == 0) {
            return bounds;
        }
        for (String table : new String[] {"frame", "frame_index"}) {
            try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + " WHERE first <= ?")) {
                delete.setLong(1, lastDropped);
                delete.executeUpdate();
            }
        }
        long begin = Math.max(bounds.begin(), Math.min(before, bounds.end() + 1));
        LogBounds trimmed = bounds.withBegin(begin, bounds.endBytes(), bounds.endCrc());
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT first, bytes_before, crc_before FROM frame ORDER BY first LIMIT 1")) {
            if (row.next()) {
                // Records missing before the first frame that is left stay missing: they are damage, not trimmed.
                trimmed = bounds.withBegin(
                        Math.max(bounds.begin(), Math.min(before, row.getLong(1))), row.getLong(2), row.getInt(3));
            }
        }
        writeBounds(trimmed);
        return trimmed;
    }
}
