package dev.reservoir.server.schedule;

import java.util.HashMap;
import java.util.Map;

/**
 * Substrate tokens each tenant was given, serving and training together. The tenant that was given least goes first; one that comes back
 * from idleness is lifted to the least of those that wait, so that it cannot save up turns (virtual token counters, Sheng et al. 2024,
 * arXiv 2401.00588).
 *
 * <p>A tenant without waiting work is forgotten once the others have passed it.
 */
final class TenantLedger {
    private static final class Account {
        long tokens;
        int waiting;
    }

    private final Map<String, Account> accounts = new HashMap<>();

    /** An item began to wait. */
    void enqueued(String tenant) {
        Account account = accounts.computeIfAbsent(tenant, unused -> new Account());
        if (account.waiting == 0) {
            account.tokens = Math.max(account.tokens, leastWaiting());
        }
        account.waiting++;
    }

    /** An item ceased to wait; {@code tokens} are charged for it. */
    void dequeued(String tenant, int tokens) {
        Account account = accounts.get(tenant);
        if (account == null || account.waiting == 0) {
            throw new IllegalStateException("tenant: " + tenant + " (expected: one with waiting work)");
        }
        // Work that costs no tokens still takes a turn.
        account.tokens += Math.max(1, tokens);
        account.waiting--;
        if (account.waiting == 0) {
            forgetPassed();
        }
    }

    long given(String tenant) {
        Account account = accounts.get(tenant);
        return account == null ? 0 : account.tokens;
    }

    int remembered() {
        return accounts.size();
    }

    private void forgetPassed() {
        long least = leastWaiting();
        boolean idle = accounts.values().stream().allMatch(account -> account.waiting == 0);
        accounts.values().removeIf(account -> account.waiting == 0 && (idle || account.tokens <= least));
    }

    private long leastWaiting() {
        long least = Long.MAX_VALUE;
        for (Account account : accounts.values()) {
            if (account.waiting > 0) {
                least = Math.min(least, account.tokens);
            }
        }
        return least == Long.MAX_VALUE ? 0 : least;
    }
}
