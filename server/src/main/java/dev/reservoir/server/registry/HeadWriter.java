package dev.reservoir.server.registry;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The rules of writing to one head: one writer at a time, sequence numbers without a gap, nothing learned twice. Thread-safe.
 *
 * <p>A number is <em>admitted</em> once it was taken in, <em>handled</em> once it is learned or refused; admitted numbers are handled in
 * order, whoever is the writer by then.
 */
public final class HeadWriter {
    /** Payloads are compared for this many numbers back. */
    static final int REMEMBERED = 4_096;

    /** A number's payload at the number modulo {@link #REMEMBERED}; grows to that length with the numbers, for most heads learn little. */
    private long[] payloads = new long[16];

    private long admittedThrough;
    private long epoch;
    private @Nullable Pen pen;

    /** What to do with an example. */
    public enum Admission {
        /** Learn it. */
        NEW,
        /** Known already, with the same payload or one too old to compare: acknowledge it. */
        DUPLICATE,
        /** Known already, with another payload: refuse it. */
        CONFLICT
    }

    /** The right to write, until a newer writer takes it or it is given back. */
    public static final class Pen {
        private final long epoch;
        private final long nextSequence;
        private final Consumer<Refused> fenced;

        Pen(long epoch, long nextSequence, Consumer<Refused> fenced) {
            this.epoch = epoch;
            this.nextSequence = nextSequence;
            this.fenced = fenced;
        }

        public long epoch() {
            return epoch;
        }

        /** The number the next new example had to have when the pen was taken. */
        public long nextSequence() {
            return nextSequence;
        }
    }

    /**
     * Takes the pen.
     *
     * @param wanted the writer's epoch; 0 takes the next free one
     * @param fenced called once, on another thread, when a newer writer takes over
     * @throws Refused WRITER_FENCED where a newer epoch was seen
     */
    public Pen open(long wanted, Consumer<Refused> fenced) {
        Pen older;
        Pen taken;
        synchronized (this) {
            if (wanted != 0 && wanted < epoch) {
                throw fencing(wanted, epoch);
            }
            epoch = wanted == 0 ? epoch + 1 : wanted;
            older = pen;
            taken = new Pen(epoch, admittedThrough + 1, fenced);
            pen = taken;
        }
        if (older != null) {
            older.fenced.accept(fencing(older.epoch, taken.epoch));
        }
        return taken;
    }

    /** The last number that was taken in. */
    public synchronized long admittedThrough() {
        return admittedThrough;
    }

    /** Gives the pen back; harmless where a newer writer has taken it. */
    public synchronized void close(Pen given) {
        if (pen == given) {
            pen = null;
        }
    }

    /**
     * Judges an example that came.
     *
     * @param payload digest of everything but the number
     * @throws Refused WRITER_FENCED where the pen is no longer held, SEQUENCE_GAP where numbers were skipped
     */
    public synchronized Admission admit(Pen held, long sequence, long payload) {
        if (pen != held) {
            throw fencing(held.epoch, epoch);
        }
        long expected = admittedThrough + 1;
        if (sequence == expected) {
            admittedThrough = sequence;
            int at = (int) (sequence % REMEMBERED);
            if (at >= payloads.length) {
                payloads = Arrays.copyOf(payloads, 2 * payloads.length);
            }
            payloads[at] = payload;
            return Admission.NEW;
        }
        if (sequence < 1 || sequence > expected) {
            throw new Refused(
                    Reason.SEQUENCE_GAP,
                    "example.sequence: " + Long.toUnsignedString(sequence) + " (expected: " + expected + ")",
                    Map.of("expected", Long.toString(expected)));
        }
        boolean comparable = sequence > admittedThrough - REMEMBERED;
        return !comparable || payloads[(int) (sequence % REMEMBERED)] == payload
                ? Admission.DUPLICATE
                : Admission.CONFLICT;
    }

    private static Refused fencing(long older, long newer) {
        return new Refused(
                Reason.WRITER_FENCED,
                "writer_epoch: " + Long.toUnsignedString(older) + " (expected: at least " + Long.toUnsignedString(newer)
                        + ", the newest writer's)",
                Map.of("newest_epoch", Long.toUnsignedString(newer)));
    }
}
