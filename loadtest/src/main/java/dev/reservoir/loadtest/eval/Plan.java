// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Decides which cells are due. Every rate of a contender is first tried with the first seed; the rate with the best
 * <em>validation</em> score, the first one listed if several are equal, is then run with all seeds and tested. Test
 * scores decide nothing.
 *
 * <p>Uses neither threads nor a clock. Not thread-safe.
 */
final class Plan {
    /** A contender on a task. */
    record Group(String task, String fingerprint, Contender contender, List<Double> rates) {
        Group {
            rates = List.copyOf(rates);
        }

        CellKey cell(double rate, long seed) {
            return new CellKey(task, contender.id(), rate, seed);
        }
    }

    private final List<Group> groups;
    private final List<Long> seeds;
    private final Map<CellKey, CellResult> results = new HashMap<>();
    private final Set<CellKey> inProgress = new HashSet<>();

    /**
     * @param seeds the first one is used for the sweep
     * @param known results of earlier runs; those of other forms of a task are ignored
     */
    Plan(List<Group> groups, List<Long> seeds, List<CellResult> known) {
        this.groups = List.copyOf(groups);
        this.seeds = List.copyOf(seeds);
        for (Group group : groups) {
            known.stream()
                    .filter(result -> result.key().task().equals(group.task())
                            && result.key().contender().equals(group.contender().id())
                            && result.fingerprint().equals(group.fingerprint()))
                    .forEach(result -> results.put(result.key(), result));
        }
    }

    /** Discards the results of a substrate of this name that had another digest. */
    void keepOnly(String substrate, String digest) {
        results.values()
                .removeIf(result ->
                        result.substrate().equals(substrate) && !result.digest().equals(digest));
    }

    List<Group> groups() {
        return groups;
    }

    /** Cells that can be run now on this substrate and are not in progress, in the order in which they should be. */
    List<CellKey> due(String substrate) {
        List<CellKey> due = new ArrayList<>();
        for (Group group : groups) {
            if (group.contender().substrate().equals(substrate)) {
                cells(group).stream().filter(cell -> !inProgress.contains(cell)).forEach(due::add);
            }
        }
        return due;
    }

    private List<CellKey> cells(Group group) {
        if (!swept(group)) {
            return group.rates().stream()
                    .map(rate -> group.cell(rate, seeds.get(0)))
                    .filter(cell -> !results.containsKey(cell))
                    .toList();
        }
        OptionalDouble rate = choice(group);
        if (rate.isEmpty()) {
            return List.of();
        }
        return seeds.stream()
                .map(seed -> group.cell(rate.getAsDouble(), seed))
                .filter(cell -> !finished(cell))
                .toList();
    }

    /** The chosen rate; empty until the sweep is complete, and if every head of it failed. */
    OptionalDouble choice(Group group) {
        if (!swept(group)) {
            return OptionalDouble.empty();
        }
        double best = Double.NEGATIVE_INFINITY;
        OptionalDouble choice = OptionalDouble.empty();
        for (double rate : group.rates()) {
            CellResult tried = results.get(group.cell(rate, seeds.get(0)));
            Double validation = tried == null ? null : tried.validation();
            if (validation != null && validation > best) {
                best = validation;
                choice = OptionalDouble.of(rate);
            }
        }
        return choice;
    }

    /** Whether every rate has been tried. */
    boolean swept(Group group) {
        return group.rates().stream().allMatch(rate -> results.containsKey(group.cell(rate, seeds.get(0))));
    }

    private boolean finished(CellKey cell) {
        CellResult result = results.get(cell);
        return result != null && (result.test() != null || !result.failure().isEmpty());
    }

    /** Whether this cell has the chosen rate and is to be tested once it is trained. */
    boolean isChosen(CellKey cell) {
        OptionalDouble choice = choice(group(cell));
        return choice.isPresent() && choice.getAsDouble() == cell.rate();
    }

    Group group(CellKey cell) {
        return groups.stream()
                .filter(group -> group.task().equals(cell.task())
                        && group.contender().id().equals(cell.contender()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("cell: " + cell + " (expected: one of the plan)"));
    }

    /** Marks a cell as in progress: it is not due until {@link #end}. */
    void begin(CellKey cell) {
        inProgress.add(cell);
    }

    /** Records an intermediate or final result; the cell stays in progress. */
    void record(CellResult result) {
        results.put(result.key(), result);
    }

    /** Marks a cell as no longer in progress: its head has been deleted. */
    void end(CellKey cell) {
        inProgress.remove(cell);
    }

    Optional<CellResult> result(CellKey cell) {
        return Optional.ofNullable(results.get(cell));
    }

    /** All known results of a group, by rate in the order of its sweep, then by seed. */
    List<CellResult> results(Group group) {
        List<CellResult> found = new ArrayList<>();
        for (double rate : group.rates()) {
            for (long seed : seeds) {
                result(group.cell(rate, seed)).ifPresent(found::add);
            }
        }
        return found;
    }

    /** Results with the chosen rate. */
    List<CellResult> chosen(Group group) {
        OptionalDouble choice = choice(group);
        return results(group).stream()
                .filter(result -> choice.isPresent() && result.key().rate() == choice.getAsDouble())
                .toList();
    }

    /** The number of cells of a task that are finished. */
    long done(String task, String substrate) {
        return of(task, substrate)
                .mapToLong(group -> results(group).stream()
                        .filter(result -> !inProgress.contains(result.key()))
                        .count())
                .sum();
    }

    /** The total number of cells of a task. */
    long size(String task, String substrate) {
        return of(task, substrate)
                .mapToLong(group -> group.rates().size() + seeds.size() - 1)
                .sum();
    }

    private Stream<Group> of(String task, String substrate) {
        return groups.stream()
                .filter(group -> group.task().equals(task)
                        && group.contender().substrate().equals(substrate));
    }
}
