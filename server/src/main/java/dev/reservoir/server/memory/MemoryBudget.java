package dev.reservoir.server.memory;

import com.google.errorprone.annotations.ThreadSafe;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of one kind of memory (the heap, native memory), shared by everything that clients make the server hold.
 *
 * <p>Each use of the memory has an {@link Account} with a limit of its own below the budget's. Whoever is about to hold
 * bytes reserves them first and closes the {@link Reservation} when they are free again. Guarantees: the bytes reserved
 * never exceed the account's limit or the budget's; a reservation gives its bytes back exactly once, whoever closes it how
 * often; a reservation that is refused changes nothing.
 */
@ThreadSafe
@SuppressWarnings("ThreadSafe") // The list is guarded by this; its elements are views of this budget.
public final class MemoryBudget {
    private final String memory;
    private final long limitBytes;

    @GuardedBy("this")
    private final List<Account> accounts = new ArrayList<>();

    @GuardedBy("this")
    private long usedBytes;

    /**
     * @param memory what the bytes are of, as messages name it, for example {@code heap}
     * @param limitBytes most bytes that may be reserved at once, at least 0
     */
    public MemoryBudget(String memory, long limitBytes) {
        this.memory = memory;
        this.limitBytes = checkLimit(limitBytes);
    }

    /**
     * The part of this JVM's heap that clients' bytes may fill: half of the most it may grow to. The other half is for
     * what the server itself needs, for copies that live for a moment, and for the collector.
     */
    public static MemoryBudget ofHeap() {
        return new MemoryBudget("heap", Runtime.getRuntime().maxMemory() / 2);
    }

    /** An account of this budget that is limited by the whole budget alone. */
    public Account account(String owner) {
        return account(owner, limitBytes);
    }

    /**
     * Opens an account.
     *
     * @param owner what holds the bytes, as messages name it, for example {@code held observations}
     * @param accountLimitBytes most bytes that the account may hold at once, at least 0; the budget's limit holds as well
     */
    public synchronized Account account(String owner, long accountLimitBytes) {
        Account account = new Account(owner, Math.min(checkLimit(accountLimitBytes), limitBytes));
        accounts.add(account);
        return account;
    }

    /** What the bytes are of. */
    public String memory() {
        return memory;
    }

    public long limitBytes() {
        return limitBytes;
    }

    /** Bytes reserved now, over all accounts. */
    public synchronized long usedBytes() {
        return usedBytes;
    }

    /** What each account holds now, in the order in which they were opened. */
    public synchronized List<Usage> usage() {
        List<Usage> usage = new ArrayList<>(accounts.size());
        for (Account account : accounts) {
            usage.add(new Usage(account.owner, account.usedBytes, account.limitBytes));
        }
        return usage;
    }

    private static long checkLimit(long limitBytes) {
        if (limitBytes < 0) {
            throw new IllegalArgumentException("limitBytes: " + limitBytes + " (expected: at least 0)");
        }
        return limitBytes;
    }

    /** What one account holds. */
    public record Usage(String owner, long usedBytes, long limitBytes) {}

    /** One use of the memory. */
    public final class Account {
        private final String owner;
        private final long limitBytes;

        @GuardedBy("MemoryBudget.this")
        private long usedBytes;

        private Account(String owner, long limitBytes) {
            this.owner = owner;
            this.limitBytes = limitBytes;
        }

        /**
         * Reserves bytes until the reservation is closed.
         *
         * @param bytes at least 0
         * @throws Refused MEMORY_LIMIT if so many bytes are not left
         */
        public Reservation reserve(long bytes) {
            Reservation reservation = new Reservation(this);
            reservation.grow(bytes);
            return reservation;
        }

        /** As {@link #reserve}, but null if so many bytes are not left. */
        public @Nullable Reservation tryReserve(long bytes) {
            Reservation reservation = new Reservation(this);
            synchronized (MemoryBudget.this) {
                return reservation.takes(bytes) ? reservation : null;
            }
        }

        /** Bytes that this account holds now. */
        public long usedBytes() {
            synchronized (MemoryBudget.this) {
                return usedBytes;
            }
        }

        /** Most bytes that this account may hold. */
        public long limitBytes() {
            return limitBytes;
        }

        @GuardedBy("MemoryBudget.this")
        private long leftBytes() {
            return Math.min(limitBytes - usedBytes, MemoryBudget.this.limitBytes - MemoryBudget.this.usedBytes);
        }

        private Refused refusal(long bytes, long left) {
            return new Refused(
                    Reason.MEMORY_LIMIT,
                    owner + ": " + bytes + " bytes more (expected: at most " + left + ", what is left of " + limitBytes
                            + " bytes of " + memory + ")",
                    Map.of(
                            "owner", owner,
                            "memory", memory,
                            "bytes", Long.toString(bytes),
                            "bytes_left", Long.toString(left),
                            "limit", Long.toString(limitBytes)));
        }
    }

    /** Bytes that are held until this is closed. Closing it again is harmless. */
    public final class Reservation implements AutoCloseable {
        private final Account account;

        @GuardedBy("MemoryBudget.this")
        private long bytes;

        @GuardedBy("MemoryBudget.this")
        private boolean closed;

        private Reservation(Account account) {
            this.account = account;
        }

        /**
         * Reserves more bytes with those that it has. One that is refused stays as it was.
         *
         * @param more at least 0
         * @throws Refused MEMORY_LIMIT if so many bytes are not left
         */
        public void grow(long more) {
            long left;
            synchronized (MemoryBudget.this) {
                if (takes(more)) {
                    return;
                }
                left = account.leftBytes();
            }
            throw account.refusal(more, left);
        }

        /** Bytes that it holds; 0 once closed. */
        public long bytes() {
            synchronized (MemoryBudget.this) {
                return bytes;
            }
        }

        @Override
        public void close() {
            synchronized (MemoryBudget.this) {
                account.usedBytes -= bytes;
                usedBytes -= bytes;
                bytes = 0;
                closed = true;
                verifyState();
            }
        }

        @GuardedBy("MemoryBudget.this")
        private boolean takes(long more) {
            if (more < 0) {
                throw new IllegalArgumentException("bytes: " + more + " (expected: at least 0)");
            }
            if (closed) {
                throw new IllegalStateException("reservation: closed (expected: one that is open)");
            }
            if (more > account.leftBytes()) {
                return false;
            }
            bytes += more;
            account.usedBytes += more;
            usedBytes += more;
            verifyState();
            return true;
        }

        @GuardedBy("MemoryBudget.this")
        private void verifyState() {
            boolean within = bytes >= 0 && bytes <= account.usedBytes && account.usedBytes <= usedBytes;
            if (!within || account.usedBytes > account.limitBytes || usedBytes > limitBytes) {
                throw new IllegalStateException("reserved: " + bytes + " of " + account.usedBytes + " of " + usedBytes
                        + " bytes (expected: none more than the next, none beyond its limit)");
            }
        }
    }
}
