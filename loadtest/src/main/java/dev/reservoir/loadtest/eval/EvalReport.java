// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.report.Machine;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All figures of a run; its JSON form has the same names. Accuracies are shares, 0 to 1, except the published ones,
 * which are in percent.
 *
 * @param rates that were swept, as requested
 * @param together largest number of heads that learned at the same time
 * @param seconds that this run took; cells of earlier runs add none
 */
record EvalReport(
        String evaluation,
        boolean quick,
        List<Double> rates,
        List<Long> seeds,
        int together,
        List<SubstrateFacts> substrates,
        Machine machine,
        double seconds,
        List<TaskReport> tasks,
        List<Evaluation.Omission> notRun) {

    EvalReport {
        rates = List.copyOf(rates);
        seeds = List.copyOf(seeds);
        substrates = List.copyOf(substrates);
        tasks = List.copyOf(tasks);
        notRun = List.copyOf(notRun);
    }

    /** @param seconds that the run took */
    static EvalReport of(
            EvalSettings settings,
            List<SubstrateFacts> substrates,
            double seconds,
            List<TaskReport> tasks,
            List<Evaluation.Omission> notRun) {
        return new EvalReport(
                "fpt",
                settings.quick(),
                settings.sweep().rates(),
                settings.sweep().seeds(),
                settings.limits().together(),
                substrates,
                Machine.here(),
                seconds,
                tasks,
                notRun);
    }

    /** A task with its settings and every cell. */
    record TaskReport(
            String name,
            String form,
            String source,
            int examples,
            int validationItems,
            int testItems,
            double statedScore,
            double floor,
            String floorName,
            String hardName,
            EvalTask.Published published,
            List<GroupReport> contenders,
            List<CellResult> cells) {
        TaskReport {
            contenders = List.copyOf(contenders);
            cells = List.copyOf(cells);
        }

        static TaskReport of(EvalTask task, Plan plan) {
            List<Plan.Group> groups = plan.groups().stream()
                    .filter(group -> group.task().equals(task.name()))
                    .toList();
            return new TaskReport(
                    task.name(),
                    task.form(),
                    task.source(),
                    task.training().examples(),
                    task.heldOut().validation().size(),
                    task.heldOut().test().size(),
                    task.scoring().statedScore(),
                    task.scoring().floor().accuracy(),
                    task.scoring().floor().rule(),
                    task.scoring().hardName(),
                    task.scoring().published(),
                    groups.stream()
                            .filter(group -> !plan.results(group).isEmpty())
                            .map(group -> GroupReport.of(group, plan))
                            .toList(),
                    groups.stream()
                            .flatMap(group -> plan.results(group).stream())
                            .toList());
        }
    }

    /**
     * A contender with its chosen rate.
     *
     * @param rate 0 if it has none; null if every head failed
     * @param reachedBy how many seeds met the stated score
     * @param updatesToScore of those
     * @param secondsToScore of those, while other heads learned on the same machine
     * @param failed cells whose head failed, at any rate
     */
    record GroupReport(
            String contender,
            String title,
            String substrate,
            long parameters,
            @Nullable Double rate,
            @Nullable Summary validation,
            @Nullable Summary test,
            @Nullable Summary testHard,
            int seeds,
            int reachedBy,
            @Nullable Summary updatesToScore,
            @Nullable Summary secondsToScore,
            int failed) {
        private static GroupReport of(Plan.Group group, Plan plan) {
            List<CellResult> chosen = plan.chosen(group);
            List<CellResult> all = plan.results(group);
            List<CellResult.CurveStep> reached = new ArrayList<>();
            chosen.forEach(result -> {
                CellResult.CurveStep step = result.reached();
                if (step != null) {
                    reached.add(step);
                }
            });
            return new GroupReport(
                    group.contender().id(),
                    group.contender().title(),
                    group.contender().substrate(),
                    all.get(0).parameters(),
                    chosen.isEmpty() ? null : chosen.get(0).key().rate(),
                    Summary.of(present(chosen, CellResult::validation)),
                    Summary.of(present(chosen, CellResult::test)),
                    Summary.of(present(chosen, CellResult::testHard)),
                    chosen.size(),
                    reached.size(),
                    Summary.of(reached.stream()
                            .map(step -> (double) step.updates())
                            .toList()),
                    Summary.of(
                            reached.stream().map(CellResult.CurveStep::seconds).toList()),
                    (int) all.stream()
                            .filter(result -> !result.failure().isEmpty())
                            .count());
        }
    }

    private interface Number {
        @Nullable
        Double of(CellResult result);
    }

    private static List<Double> present(List<CellResult> results, Number number) {
        List<Double> numbers = new ArrayList<>();
        for (CellResult result : results) {
            Double value = number.of(result);
            if (value != null) {
                numbers.add(value);
            }
        }
        return numbers;
    }
}
