// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.client.CallFailure;
import dev.reservoir.loadtest.client.Timekeeper;
import dev.reservoir.loadtest.report.Display;
import dev.reservoir.loadtest.run.RunFailure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Runs the cells that are due on one server, a limited number at a time, each on a thread that waits for its streams.
 * Results are stored as soon as they are known. The heads of a sweep are kept until it is decided; the chosen one is
 * then tested, and all are deleted.
 */
final class ServerRun {
    private static final long TICK_MILLIS = 200;

    private final Plan plan;
    private final StateFile state;
    private final Map<String, EvalTask> tasks;
    private final ConnectedServer server;
    private final Limits limits;
    private final Timekeeper time;
    private final Map<CellKey, CellRun> heads = new LinkedHashMap<>();
    private int busy;

    /** A finished job of a cell. */
    private record Finished(CellRun run, CellResult result) {}

    /**
     * @param together largest number of heads that learn at the same time
     * @param stall how long nothing may make progress
     */
    record Limits(int together, Duration stall) {}

    /** @param tasks by name */
    ServerRun(
            Plan plan,
            StateFile state,
            Map<String, EvalTask> tasks,
            ConnectedServer server,
            Limits limits,
            Timekeeper time) {
        this.plan = plan;
        this.state = state;
        this.tasks = Map.copyOf(tasks);
        this.server = server;
        this.limits = limits;
        this.time = time;
    }

    /**
     * Runs until nothing is due.
     *
     * @throws CallFailure if the server is at fault
     * @throws RunFailure if nothing makes progress for too long
     */
    void run(Display display) throws InterruptedException, IOException {
        ExecutorService threads = Executors.newFixedThreadPool(limits.together(), job -> {
            Thread thread = new Thread(job, "cell");
            thread.setDaemon(true);
            return thread;
        });
        CompletionService<Finished> jobs = new ExecutorCompletionService<>(threads);
        Progress progress = new Progress(plan, server.substrate().name(), time);
        long steps = -1;
        long lastProgressNanos = time.nanoTime();
        try {
            while (true) {
                start(jobs);
                if (busy == 0) {
                    progress.finish(display);
                    return;
                }
                Future<Finished> finished = jobs.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
                if (finished != null) {
                    busy--;
                    complete(result(finished), jobs);
                }
                List<CellRun> now = List.copyOf(heads.values());
                progress.show(display, now);
                long stepsNow = now.stream().mapToLong(CellRun::stepsDone).sum();
                if (stepsNow != steps || finished != null) {
                    steps = stepsNow;
                    lastProgressNanos = time.nanoTime();
                } else if (time.nanoTime() - lastProgressNanos > limits.stall().toNanos()) {
                    throw new RunFailure(
                            "no head learned or answered for " + limits.stall().toSeconds() + " s: " + describe(now));
                }
            }
        } finally {
            threads.shutdownNow();
            deleteAll();
        }
    }

    private void start(CompletionService<Finished> jobs) {
        List<CellKey> due = plan.due(server.substrate().name());
        int sharing = Math.min(limits.together(), busy + due.size());
        for (CellKey cell : due) {
            if (busy >= limits.together()) {
                return;
            }
            plan.begin(cell);
            Plan.Group group = plan.group(cell);
            EvalTask task = tasks.get(cell.task());
            if (task == null) {
                throw new IllegalStateException("task: " + cell.task() + " (expected: one that is loaded)");
            }
            CellRun run = new CellRun(cell, task, group.contender(), server, time);
            heads.put(cell, run);
            busy++;
            jobs.submit(() -> new Finished(run, run.train(sharing)));
        }
    }

    private static Finished result(Future<Finished> finished) throws InterruptedException {
        try {
            return finished.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof RunFailure failure) {
                throw failure;
            }
            throw CallFailure.of("a cell", cause);
        }
    }

    private void complete(Finished finished, CompletionService<Finished> jobs) throws IOException {
        CellResult result = finished.result();
        plan.record(result);
        state.add(result);
        Plan.Group group = plan.group(result.key());
        if (result.test() != null || !result.failure().isEmpty()) {
            release(finished.run());
        } else {
            finished.run().waiting();
        }
        if (!plan.swept(group)) {
            return;
        }
        for (CellRun run : List.copyOf(heads.values())) {
            if (!plan.group(run.key()).equals(group)) {
                continue;
            }
            plan.result(run.key())
                    .filter(trained -> trained.test() == null && run.isWaiting())
                    .ifPresent(trained -> {
                        if (plan.isChosen(run.key())) {
                            busy++;
                            run.queueTest();
                            jobs.submit(() -> new Finished(run, run.test(trained)));
                        } else {
                            release(run);
                        }
                    });
        }
    }

    private void release(CellRun run) {
        heads.remove(run.key());
        plan.end(run.key());
        run.delete();
    }

    /** Deletes the heads, best effort: the run's own failure is the one to report. */
    private void deleteAll() {
        try {
            for (CellRun run : new ArrayList<>(heads.values())) {
                run.delete();
            }
        } catch (CallFailure e) {
            // a server that has exited has no heads to delete
        }
    }

    private static String describe(List<CellRun> runs) {
        return String.join(
                ", ",
                runs.stream()
                        .map(run -> run.key() + " " + run.phase() + " at "
                                + run.learning().handled() + " of " + run.examples())
                        .toList());
    }
}
