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
 * Which cells are due. Every rate of a contender is first tried with the first seed; the rate whose <em>validation</em> score is best, the
 * earlier named of equals, is then run with all seeds and tested. Test scores decide nothing.
 *
 * <p>No thread and no clock; not thread-safe.
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
    private final Set<CellKey> atWork = new HashSet<>();

    /**
     * @param seeds the first one sweeps
     * @param known results of earlier runs; those of other forms of a task are left aside
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

    /** Forgets what a substrate of this name gave that had another digest. */
    void keepOnly(String substrate, String digest) {
        results.values()
                .removeIf(result ->
                        result.substrate().equals(substrate) && !result.digest().equals(digest));
    }

    List<Group> groups() {
        return groups;
    }

    /** Cells that can be run now on this substrate and are not at work, in the order in which they should be. */
    List<CellKey> due(String substrate) {
        List<CellKey> due = new ArrayList<>();
        for (Group group : groups) {
            if (group.contender().substrate().equals(substrate)) {
                cells(group).stream().filter(cell -> !atWork.contains(cell)).forEach(due::add);
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

    /** The chosen rate; empty while the sweep goes on, and where every head of it failed. */
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

    /** Whether this cell is to be tested as soon as it is trained. */
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

    /** The cell is not due while it is at work. */
    void begin(CellKey cell) {
        atWork.add(cell);
    }

    /** What is known of a cell at work; it stays at work. */
    void record(CellResult result) {
        results.put(result.key(), result);
    }

    /** The cell's head is gone. */
    void end(CellKey cell) {
        atWork.remove(cell);
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

    /** Cells of a task that are over. */
    long done(String task, String substrate) {
        return of(task, substrate)
                .mapToLong(group -> results(group).stream()
                        .filter(result -> !atWork.contains(result.key()))
                        .count())
                .sum();
    }

    /** Cells that a task has in all. */
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
