// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.server.store.Checkpoints.Stored;
import dev.reservoir.server.store.Checkpoints.Summary;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/** The tables of checkpoints, by one connection. Not thread-safe. */
final class CheckpointTables {
    /** Most bytes in a chunk. */
    static final int CHUNK_BYTES = 1 << 20;

    private static final int CHUNK_BITS = 16;
    private static final int DELETED_PER_STEP = 16;
    private static final String ROW = "blob, head, offset, state_bytes, state_crc, crc, parts, summary";

    private final Connection connection;

    CheckpointTables(Connection connection) {
        this.connection = connection;
    }

    /**
     * A row of the table of checkpoints.
     *
     * @param blob the number under which its state is stored
     * @param crc CRC32C of the other components
     */
    record Row(long blob, Summary summary, int stateCrc, int crc) {
        static Row of(long blob, Summary summary, int stateCrc) {
            return new Row(blob, summary, stateCrc, checksum(blob, summary, stateCrc));
        }

        boolean sound() {
            return crc == checksum(blob, summary, stateCrc);
        }

        private static int checksum(long blob, Summary summary, int stateCrc) {
            CRC32C crc = new CRC32C();
            crc.update(ByteBuffer.allocate(4 * Long.BYTES + Integer.BYTES)
                    .putLong(blob)
                    .putLong(summary.head().value())
                    .putLong(summary.offset())
                    .putLong(summary.stateBytes())
                    .putInt(stateCrc)
                    .flip());
            crc.update(parts(summary).getBytes(StandardCharsets.UTF_8));
            crc.update(summary.summary().asReadOnlyByteBuffer());
            return (int) crc.getValue();
        }
    }

    private static String parts(Summary summary) {
        return String.join("\n", summary.partIds());
    }

    static int checksum(ByteString bytes) {
        CRC32C crc = new CRC32C();
        bytes.asReadOnlyByteBufferList().forEach(crc::update);
        return (int) crc.getValue();
    }

    static int partChecksum(String id, long blob, ByteString bytes) {
        CRC32C crc = new CRC32C();
        crc.update(id.getBytes(StandardCharsets.UTF_8));
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(blob).flip());
        bytes.asReadOnlyByteBufferList().forEach(crc::update);
        return (int) crc.getValue();
    }

    /** The number of a new blob, which is deleted at the next start unless it is closed before. */
    long openBlob() throws SQLException {
        long blob;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT blob FROM next_blob")) {
            row.next();
            blob = row.getLong(1);
        }
        update("UPDATE next_blob SET blob = ?", blob + 1);
        update("INSERT INTO open_blob VALUES (?)", blob);
        return blob;
    }

    void writeChunk(long blob, int number, ByteString bytes) throws SQLException {
        if (number >> CHUNK_BITS != 0) {
            throw new IllegalArgumentException("chunk: " + number + " (expected: below " + (1 << CHUNK_BITS) + ")");
        }
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO chunk VALUES (?, ?)")) {
            insert.setLong(1, key(blob) + number);
            insert.setBytes(2, bytes.toByteArray());
            insert.executeUpdate();
        }
    }

    boolean hasPart(String id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT 1 FROM shared_part WHERE id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next();
            }
        }
    }

    void publishPart(String id, long blob, ByteString bytes) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO shared_part VALUES (?, ?, ?, ?)")) {
            insert.setString(1, id);
            insert.setLong(2, blob);
            insert.setLong(3, bytes.size());
            insert.setInt(4, partChecksum(id, blob, bytes));
            insert.executeUpdate();
        }
        update("DELETE FROM open_blob WHERE blob = ?", blob);
    }

    /** Makes a checkpoint visible; its state and its parts are written. */
    void publish(Row row) throws SQLException {
        Summary summary = row.summary();
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO checkpoint (" + ROW + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)")) {
            insert.setLong(1, row.blob());
            insert.setLong(2, summary.head().value());
            insert.setLong(3, summary.offset());
            insert.setLong(4, summary.stateBytes());
            insert.setInt(5, row.stateCrc());
            insert.setInt(6, row.crc());
            insert.setString(7, parts(summary));
            insert.setBytes(8, summary.summary().toByteArray());
            insert.executeUpdate();
        }
        for (String part : summary.partIds()) {
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT OR IGNORE INTO part_use VALUES (?, ?)")) {
                insert.setString(1, part);
                insert.setLong(2, row.blob());
                insert.executeUpdate();
            }
        }
        update("DELETE FROM open_blob WHERE blob = ?", row.blob());
    }

    /**
     * Withdraws checkpoints of a head and the parts that only they use; {@link #deleteSome} deletes the bytes.
     *
     * @return whether there were any
     */
    boolean withdraw(HeadId head, long firstOffset, long lastOffset) throws SQLException {
        List<Long> blobs = numbers(
                "SELECT blob FROM checkpoint WHERE head = ? AND offset BETWEEN ? AND ?",
                head.value(),
                firstOffset,
                lastOffset);
        for (long blob : blobs) {
            update(
                    "INSERT OR IGNORE INTO open_blob SELECT blob FROM shared_part WHERE id IN (SELECT part FROM"
                            + " part_use u WHERE checkpoint = ? AND NOT EXISTS (SELECT 1 FROM part_use o WHERE o.part ="
                            + " u.part AND o.checkpoint <> u.checkpoint))",
                    blob);
            update("DELETE FROM part_use WHERE checkpoint = ?", blob);
            update("DELETE FROM checkpoint WHERE blob = ?", blob);
            update("INSERT OR IGNORE INTO open_blob VALUES (?)", blob);
        }
        if (!blobs.isEmpty()) {
            update("DELETE FROM shared_part WHERE blob IN (SELECT blob FROM open_blob)");
        }
        return !blobs.isEmpty();
    }

    /** Removes a part whose bytes are damaged, so that they are written anew with the next checkpoint that has it. */
    void withdrawPart(String id) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                "INSERT OR IGNORE INTO open_blob SELECT blob FROM shared_part WHERE id = ?")) {
            insert.setString(1, id);
            insert.executeUpdate();
        }
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM shared_part WHERE id = ?")) {
            delete.setString(1, id);
            delete.executeUpdate();
        }
    }

    /**
     * Deletes some chunks of blobs that are open.
     *
     * @return whether any were left
     */
    boolean deleteSome() throws SQLException {
        for (long blob : numbers("SELECT blob FROM open_blob LIMIT 1")) {
            int deleted = update(
                    "DELETE FROM chunk WHERE key IN (SELECT key FROM chunk WHERE key >= ? AND key < ? LIMIT "
                            + DELETED_PER_STEP + ")",
                    key(blob),
                    key(blob + 1));
            if (deleted < DELETED_PER_STEP) {
                update("DELETE FROM open_blob WHERE blob = ?", blob);
            }
            return true;
        }
        return false;
    }

    /** The rows of a head at or before an offset, newest first, sound or not. */
    List<Row> rows(HeadId head, long throughOffset) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT " + ROW + " FROM checkpoint WHERE head = ? AND offset <= ? ORDER BY offset DESC")) {
            select.setLong(1, head.value());
            select.setLong(2, throughOffset);
            try (ResultSet row = select.executeQuery()) {
                return rows(row);
            }
        }
    }

    /** All rows by head, then newest first, sound or not. */
    List<Row> rows() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT " + ROW + " FROM checkpoint ORDER BY head, offset DESC")) {
            return rows(row);
        }
    }

    private static List<Row> rows(ResultSet row) throws SQLException {
        List<Row> rows = new ArrayList<>();
        while (row.next()) {
            String parts = row.getString(7);
            byte[] summary = row.getBytes(8);
            long head = row.getLong(2);
            rows.add(new Row(
                    row.getLong(1),
                    new Summary(
                            new HeadId(Math.max(1, head)),
                            row.getLong(3),
                            summary == null ? ByteString.EMPTY : UnsafeByteOperations.unsafeWrap(summary),
                            row.getLong(4),
                            parts == null || parts.isEmpty() ? List.of() : List.of(parts.split("\n", -1))),
                    row.getInt(5),
                    row.getInt(6)));
        }
        return rows;
    }

    /** A checkpoint with its state; empty if either is damaged. */
    Optional<Stored> load(Row row) throws SQLException {
        if (!row.sound()) {
            return Optional.empty();
        }
        ByteString state = bytes(row.blob());
        return state.size() == row.summary().stateBytes() && checksum(state) == row.stateCrc()
                ? Optional.of(new Stored(row.summary(), state))
                : Optional.empty();
    }

    List<String> partIds() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT id FROM shared_part ORDER BY id")) {
            List<String> ids = new ArrayList<>();
            while (row.next()) {
                ids.add(row.getString(1));
            }
            return ids;
        }
    }

    /** A shared part; empty if it is damaged or not there. */
    Optional<ByteString> part(String id) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT blob, bytes, crc FROM shared_part WHERE id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                long blob = row.getLong(1);
                ByteString bytes = bytes(blob);
                return bytes.size() == row.getLong(2) && partChecksum(id, blob, bytes) == row.getInt(3)
                        ? Optional.of(bytes)
                        : Optional.empty();
            }
        }
    }

    private ByteString bytes(long blob) throws SQLException {
        List<ByteString> chunks = new ArrayList<>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT bytes FROM chunk WHERE key >= ? AND key < ? ORDER BY key")) {
            select.setLong(1, key(blob));
            select.setLong(2, key(blob + 1));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    byte[] chunk = row.getBytes(1);
                    chunks.add(chunk == null ? ByteString.EMPTY : UnsafeByteOperations.unsafeWrap(chunk));
                }
            }
        }
        return ByteString.copyFrom(chunks);
    }

    private static long key(long blob) {
        return blob << CHUNK_BITS;
    }

    private List<Long> numbers(String query, long... arguments) throws SQLException {
        try (PreparedStatement select = prepared(query, arguments);
                ResultSet row = select.executeQuery()) {
            List<Long> numbers = new ArrayList<>();
            while (row.next()) {
                numbers.add(row.getLong(1));
            }
            return numbers;
        }
    }

    private int update(String change, long... arguments) throws SQLException {
        try (PreparedStatement update = prepared(change, arguments)) {
            return update.executeUpdate();
        }
    }

    private PreparedStatement prepared(String text, long... arguments) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(text);
        for (int i = 0; i < arguments.length; i++) {
            statement.setLong(i + 1, arguments[i]);
        }
        return statement;
    }
}
