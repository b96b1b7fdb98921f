// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Accounts the substrate tokens that each tenant has used, for serving and training together. The tenant that has used
 * least goes first; one that returns from idleness is raised to the minimum of the waiting tenants, so that it cannot
 * accumulate credit (virtual token counters, Sheng et al. 2024, arXiv 2401.00588). Among tenants with equal usage, the
 * least recently charged goes first.
 *
 * <p>A tenant without waiting work is forgotten once the others have overtaken it. Every operation takes time
 * logarithmic in the number of tenants. Not thread-safe.
 */
final class TenantLedger {
    private static final Comparator<Account> LEAST_USED_FIRST = (one, other) -> {
        int byTokens = Long.compare(one.tokens, other.tokens);
        return byTokens != 0 ? byTokens : Long.compare(one.order, other.order);
    };

    private static final class Account {
        final String tenant;
        long tokens;
        /** Number of the last change; unique, so that it breaks ties. */
        long order;

        int waiting;

        Account(String tenant) {
            this.tenant = tenant;
        }
    }

    /**
     * A subset of the ledger's tenants, ordered by usage, the lowest first. The ledger maintains the order as it
     * charges.
     */
    final class Ranking {
        private final TreeSet<Account> accounts = new TreeSet<>(LEAST_USED_FIRST);

        private Ranking() {}

        /** @param tenant with waiting work */
        void add(String tenant) {
            accounts.add(account(tenant));
        }

        void remove(String tenant) {
            accounts.remove(account(tenant));
        }

        boolean isEmpty() {
            return accounts.isEmpty();
        }

        int size() {
            return accounts.size();
        }

        /** The tenant that is next. */
        String first() {
            return accounts.first().tenant;
        }

        /** All tenants in order; invalid after any change. */
        Iterable<String> inOrder() {
            return () -> accounts.stream().map(account -> account.tenant).iterator();
        }
    }

    private final Map<String, Account> accounts = new HashMap<>();
    private final List<Ranking> rankings = new ArrayList<>();
    private final Ranking waiting = ranking();
    private final Ranking idle = ranking();
    private long lastOrder;

    /** A new ranking without tenants. */
    Ranking ranking() {
        Ranking ranking = new Ranking();
        rankings.add(ranking);
        return ranking;
    }

    /** Records that an item began to wait. */
    void enqueued(String tenant) {
        Account account = accounts.computeIfAbsent(tenant, Account::new);
        if (account.waiting == 0) {
            idle.accounts.remove(account);
            long least = waiting.isEmpty() ? 0 : waiting.accounts.first().tokens;
            account.tokens = Math.max(account.tokens, least);
            account.order = ++lastOrder;
            waiting.accounts.add(account);
        }
        account.waiting++;
        verifyState();
    }

    /**
     * Records that an item ceased to wait because it is run, and charges {@code tokens} for it, at least 1, because
     * every item takes a turn.
     */
    void dequeued(String tenant, int tokens) {
        Account account = account(tenant);
        List<Ranking> containing = new ArrayList<>(rankings.size());
        for (Ranking ranking : rankings) {
            if (ranking.accounts.remove(account)) {
                containing.add(ranking);
            }
        }
        account.tokens += Math.max(1, tokens);
        account.order = ++lastOrder;
        for (Ranking ranking : containing) {
            ranking.accounts.add(account);
        }
        ceasedToWait(account);
    }

    /** Records that an item ceased to wait without being run. */
    void withdrawn(String tenant) {
        ceasedToWait(account(tenant));
    }

    private void ceasedToWait(Account account) {
        account.waiting--;
        if (account.waiting == 0) {
            waiting.accounts.remove(account);
            idle.accounts.add(account);
        }
        while (!idle.isEmpty()
                && (waiting.isEmpty() || idle.accounts.first().tokens <= waiting.accounts.first().tokens)) {
            accounts.remove(idle.accounts.pollFirst().tenant);
        }
        verifyState();
    }

    long used(String tenant) {
        Account account = accounts.get(tenant);
        return account == null ? 0 : account.tokens;
    }

    int size() {
        return accounts.size();
    }

    private Account account(String tenant) {
        Account account = accounts.get(tenant);
        if (account == null || account.waiting == 0) {
            throw new IllegalStateException("tenant: " + tenant + " (expected: one with waiting work)");
        }
        return account;
    }

    private void verifyState() {
        if (waiting.size() + idle.size() != accounts.size()) {
            throw new IllegalStateException("accounts: " + accounts.size() + " (expected: " + waiting.size()
                    + " that wait and " + idle.size() + " idle)");
        }
    }
}
