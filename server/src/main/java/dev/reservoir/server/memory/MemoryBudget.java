// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.memory;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.MemoryAccount;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of one kind of memory (the heap, native memory), shared by everything that the server stores for clients.
 *
 * <p>Each use of the memory has an {@link Account} with a limit of its own below the budget's. Bytes are reserved
 * before they are allocated, and the {@link Reservation} is closed when they are free again. Guarantees: the bytes
 * reserved never exceed the account's limit or the budget's; a reservation releases its bytes exactly once, however
 * often and on whichever thread it is closed; a reservation that is refused changes nothing. Thread-safe.
 */
public final class MemoryBudget {
    private final String memory;
    private final String setting;
    private final Bound bound;
    private final List<Account> accounts = new CopyOnWriteArrayList<>();

    /**
     * @param memory the kind of memory, as messages name it, for example {@code heap}
     * @param limitBytes most bytes that may be reserved at once, at least 0
     * @param setting what changes the limit, as messages name it, for example {@code java -Xmx}
     */
    public MemoryBudget(String memory, long limitBytes, String setting) {
        this.memory = memory;
        this.setting = setting;
        this.bound = new Bound(limitBytes);
    }

    /** An account of this budget that is limited by the whole budget alone. */
    public Account account(String owner) {
        return account(owner, bound.limitBytes);
    }

    /**
     * Opens an account.
     *
     * @param owner the owner of the bytes, as messages name it, for example {@code held observations}
     * @param limitBytes most bytes that the account may have reserved, at least 0; the budget's limit applies as well
     */
    public Account account(String owner, long limitBytes) {
        Account account = new Account(owner, new Bound(Math.min(limitBytes, bound.limitBytes)));
        accounts.add(account);
        return account;
    }

    /** The kind of memory. */
    public String memory() {
        return memory;
    }

    public long limitBytes() {
        return bound.limitBytes;
    }

    /** Bytes reserved now, over all accounts. */
    public long usedBytes() {
        return bound.used.get();
    }

    /** What each account has reserved now, in the order in which they were opened. */
    public List<Usage> usage() {
        return accounts.stream()
                .map(account -> new Usage(account.owner, account.usedBytes(), account.limitBytes()))
                .toList();
    }

    /** The reserved bytes of one account. */
    public record Usage(String owner, long usedBytes, long limitBytes) {}

    /** One use of the memory. */
    public final class Account implements MemoryAccount {
        private final String owner;
        private final Bound own;

        private Account(String owner, Bound own) {
            this.owner = owner;
            this.own = own;
        }

        /**
         * Reserves bytes until the reservation is closed.
         *
         * @param bytes at least 0
         * @throws Refused MEMORY_LIMIT if fewer bytes are left
         */
        @Override
        public Reservation reserve(long bytes) {
            Reservation reservation = new Reservation(this);
            reservation.grow(bytes);
            return reservation;
        }

        /** As {@link #reserve}, but null if fewer bytes are left. */
        public @Nullable Reservation tryReserve(long bytes) {
            Reservation reservation = new Reservation(this);
            return reservation.tryGrow(bytes) ? reservation : null;
        }

        /** Bytes that are reserved in this account now. */
        public long usedBytes() {
            return own.used.get();
        }

        /** Most bytes that may be reserved in this account. */
        public long limitBytes() {
            return own.limitBytes;
        }

        private boolean take(long bytes) {
            if (!own.take(bytes)) {
                return false;
            }
            if (!bound.take(bytes)) {
                own.give(bytes);
                return false;
            }
            return true;
        }

        private void give(long bytes) {
            bound.give(bytes);
            own.give(bytes);
        }

        /**
         * Refuses what would not fit even if nothing else were reserved.
         *
         * @throws Refused MEMORY_LIMIT
         */
        public void checkPossible(long bytes) {
            if (bytes > own.limitBytes) {
                throw refusal(bytes, own.limitBytes, "all");
            }
        }

        private Refused refusal(long bytes) {
            long left = Math.min(own.left(), bound.left());
            return refusal(bytes, left, "what is left of " + own.limitBytes + " bytes");
        }

        private Refused refusal(long bytes, long left, String which) {
            return new Refused(
                    Reason.MEMORY_LIMIT,
                    owner + ": " + bytes + " bytes more (expected: at most " + left + ", " + which + " of " + memory
                            + ", which " + setting + " sets)",
                    Map.of(
                            "owner",
                            owner,
                            "memory",
                            memory,
                            "bytes",
                            Long.toString(bytes),
                            "bytes_left",
                            Long.toString(left),
                            "limit",
                            Long.toString(own.limitBytes),
                            "setting",
                            setting));
        }
    }

    /** Bytes that are reserved until this is closed. Closing it again is harmless. */
    public static final class Reservation implements MemoryAccount.Grant {
        private final Account account;

        @GuardedBy("this")
        private long bytes;

        @GuardedBy("this")
        private boolean closed;

        private Reservation(Account account) {
            this.account = account;
        }

        /**
         * Reserves more bytes in addition. If refused, the reservation is unchanged.
         *
         * @param more at least 0
         * @throws Refused MEMORY_LIMIT if fewer bytes are left
         */
        public void grow(long more) {
            if (!tryGrow(more)) {
                throw account.refusal(more);
            }
        }

        @Override
        public void resize(long total) {
            long missing;
            synchronized (this) {
                missing = total - bytes;
                if (missing <= 0) {
                    shrink(-missing);
                    return;
                }
                if (tryGrow(missing)) {
                    return;
                }
            }
            throw account.refusal(missing);
        }

        private synchronized boolean tryGrow(long more) {
            if (more < 0) {
                throw new IllegalArgumentException("bytes: " + more + " (expected: at least 0)");
            }
            if (closed) {
                throw new IllegalStateException("reservation: closed (expected: one that is open)");
            }
            boolean taken = account.take(more);
            if (taken) {
                bytes += more;
            }
            return taken;
        }

        /**
         * Releases some of the bytes; harmless once closed.
         *
         * @param less 0 to the reserved bytes
         */
        public synchronized void shrink(long less) {
            if (closed) {
                return;
            }
            if (less < 0 || less > bytes) {
                throw new IllegalArgumentException("bytes: " + less + " (expected: 0 to " + bytes + ")");
            }
            bytes -= less;
            account.give(less);
        }

        /** The reserved bytes; 0 once closed. */
        public synchronized long bytes() {
            return bytes;
        }

        @Override
        public synchronized void close() {
            closed = true;
            account.give(bytes);
            bytes = 0;
        }
    }

    /** A count of bytes that stays between 0 and a limit. */
    private static final class Bound {
        private final long limitBytes;
        private final AtomicLong used = new AtomicLong();

        Bound(long limitBytes) {
            if (limitBytes < 0) {
                throw new IllegalArgumentException("limitBytes: " + limitBytes + " (expected: at least 0)");
            }
            this.limitBytes = limitBytes;
        }

        boolean take(long bytes) {
            while (true) {
                long now = used.get();
                if (bytes > limitBytes - now) {
                    return false;
                }
                if (used.compareAndSet(now, now + bytes)) {
                    return true;
                }
            }
        }

        void give(long bytes) {
            long left = used.addAndGet(-bytes);
            if (left < 0) {
                throw new IllegalStateException("bytes in use: " + left + " (expected: at least 0)");
            }
        }

        long left() {
            return limitBytes - used.get();
        }
    }
}
