// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.store.Damage.HurtHead;
import dev.reservoir.store.v1.HeadRange;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads every frame of the log and finds what is missing or damaged: a payload that does not match its checksum, a
 * frame that is not the successor of the one before it, one that is not there. Not thread-safe.
 */
final class LogVerifier {
    private final LogTables tables;
    private final List<Damage> damage = new ArrayList<>();
    private long records;
    /** The next frame must begin here, and follow a frame with this checksum if that is known. */
    private long expected;

    private @Nullable Integer expectedCrc;
    private @Nullable Checked last;
    private String reason = "";

    LogVerifier(LogTables tables) {
        this.tables = tables;
    }

    /**
     * What was found.
     *
     * @param bounds of the log; after them it goes on, whatever is damaged
     * @param boundsRebuilt whether the stored bounds were damaged and follow from the frames
     * @param records the records that are sound
     */
    record Result(LogBounds bounds, boolean boundsRebuilt, long records, List<Damage> damage) {
        Result {
            damage = List.copyOf(damage);
        }
    }

    /** A frame without its payload. */
    private record Checked(long first, long last, long bytesThrough, int crcBefore, int crc, boolean sound) {
        static Checked of(Frame frame) {
            return new Checked(
                    frame.first(), frame.last(), frame.bytesThrough(), frame.crcBefore(), frame.crc(), frame.sound());
        }
    }

    /** @param durableMark the log was durable up to this offset, for certain; 0 if nothing is known */
    Result verify(long durableMark) throws SQLException {
        Optional<LogBounds> stored = readBounds();
        expected = stored.map(LogBounds::begin).orElse(0L);
        expectedCrc = stored.map(LogBounds::beginCrc).orElse(null);
        @Nullable LogBounds begin = stored.orElse(null);
        try {
            tables.scan(0, Long.MAX_VALUE, frame -> {
                check(Checked.of(frame));
                return true;
            });
        } catch (SQLException e) {
            if (!Database.isCorrupt(e)) {
                throw e;
            }
            skipCorrupt();
        }
        if (begin == null) {
            begin = rebuilt();
        }
        LogBounds bounds = end(begin, stored.isEmpty());
        if (bounds.end() >= expected) {
            lose(bounds.end(), reason.isEmpty() ? "no such frame" : reason);
        }
        if (durableMark > bounds.end()) {
            expected = bounds.end() + 1;
            lose(durableMark, "the end of the log is missing: it was durable up to offset " + durableMark);
            bounds = bounds.withLost(durableMark);
        }
        return new Result(bounds, stored.isEmpty(), records, damage);
    }

    private Optional<LogBounds> readBounds() throws SQLException {
        try {
            return tables.readBounds();
        } catch (SQLException e) {
            if (Database.isCorrupt(e)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private LogBounds rebuilt() throws SQLException {
        LogBounds[] found = {LogBounds.EMPTY};
        tables.scan(0, Long.MAX_VALUE, frame -> {
            found[0] = LogBounds.EMPTY.withBegin(frame.first(), frame.bytesBefore(), frame.crcBefore());
            return false;
        });
        return found[0];
    }

    /** The log ends with its last sound frame, or later if its bounds say so. */
    private LogBounds end(LogBounds begin, boolean rebuilt) {
        Checked end = last;
        return end != null && (rebuilt || end.last() > begin.end())
                ? begin.withEnd(end.last(), end.bytesThrough(), end.crc())
                : begin;
    }

    private void check(Checked frame) {
        if (expected == 0) {
            expected = frame.first();
        }
        if (!frame.sound()) {
            // Its own last offset proves nothing: it ends where the next sound frame begins.
            reason = "the frame at offset " + frame.first() + " does not match its checksum";
            return;
        }
        if (frame.first() < expected) {
            reason = "the frame at offset " + frame.first() + " overlaps the one before it";
            return;
        }
        if (frame.first() > expected) {
            lose(frame.first() - 1, reason.isEmpty() ? "no such frame" : reason);
        } else if (expectedCrc != null && frame.crcBefore() != expectedCrc && last != null) {
            expected = last.first();
            lose(last.last(), "the frame at offset " + frame.first() + " was written after another one");
        }
        accept(frame);
    }

    private void accept(Checked frame) {
        reason = "";
        records += frame.last() - frame.first() + 1;
        expected = frame.last() + 1;
        expectedCrc = frame.crc();
        last = frame;
    }

    /** The database itself is damaged at the next frame: finds where it can be read again, from the end. */
    private void skipCorrupt() throws SQLException {
        long readable = expected;
        Deque<Checked> behind = new ArrayDeque<>();
        try {
            tables.scanBackwards(frame -> {
                if (frame.first() < readable) {
                    return false;
                }
                behind.push(Checked.of(frame));
                return true;
            });
        } catch (SQLException e) {
            if (!Database.isCorrupt(e)) {
                throw e;
            }
        }
        reason = "the database is damaged there";
        expectedCrc = null;
        for (Checked frame : behind) {
            String before = reason;
            check(frame);
            if (!frame.sound() && !before.isEmpty()) {
                reason = before;
            }
        }
    }

    private void lose(long lastOffset, String why) {
        damage.add(damage(tables, expected, lastOffset, why));
        reason = "";
        expected = lastOffset + 1;
        expectedCrc = null;
    }

    /** A damage with the heads that it hurts, as far as the index of frames knows them. */
    static Damage damage(LogTables tables, long first, long last, String reason) {
        Map<Long, HurtHead> heads = new TreeMap<>();
        long[] covered = {first - 1};
        try {
            tables.scanIndex(first, last, row -> {
                if (row.sound() && row.first() <= covered[0] + 1) {
                    covered[0] = Math.max(covered[0], row.last());
                    for (HeadRange range : row.parsed().getHeadsList()) {
                        heads.merge(range.getHeadId(), hurt(range), LogVerifier::joined);
                    }
                }
            });
        } catch (SQLException e) {
            covered[0] = first - 1;
        }
        return covered[0] >= last
                ? new Damage(first, last, List.copyOf(heads.values()), true, reason)
                : new Damage(first, last, List.of(), false, reason);
    }

    private static HurtHead hurt(HeadRange range) {
        return new HurtHead(
                new HeadId(range.getHeadId()),
                range.getFirstOffset(),
                range.getLastOffset(),
                range.getFirstSequence(),
                range.getLastSequence());
    }

    private static HurtHead joined(HurtHead a, HurtHead b) {
        return new HurtHead(
                a.head(),
                Math.min(a.firstOffset(), b.firstOffset()),
                Math.max(a.lastOffset(), b.lastOffset()),
                a.firstSequence() == 0 ? b.firstSequence() : a.firstSequence(),
                b.lastSequence() == 0 ? a.lastSequence() : b.lastSequence());
    }
}
