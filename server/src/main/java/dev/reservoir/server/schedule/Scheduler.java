// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides what a free lane runs next. A pure state machine: time comes in as an argument, nothing blocks. Not
 * thread-safe.
 *
 * <p>Serving goes first, but while both wait training keeps its share of the tokens. A training batch is sized to take
 * about {@link BatchPolicy#stepNanos} at the measured rate, and {@link #between} its parts its lane checks whether
 * something should be served first. While serving is active, at most {@link BatchPolicy#trainingLanes} training batches
 * run concurrently, so that with more lanes an observation need not even wait for a part to end. If that would leave
 * the other lanes idle most of the time ({@link BatchPolicy#lightServing}), they train too, but only steps that are no
 * longer than a batch should be, because the parts of a long step are long as well.
 *
 * <p>After a serving batch lanes linger briefly for the next requests of the callers it answered
 * ({@link LingerPolicy}), unless heads are training: a lane would then rather start a training step than wait.
 */
public final class Scheduler<S extends Work, T extends OrderedWork> {
    /** Weight of the newest measurement in the moving average of the rate. */
    private static final double NEWEST = 0.2;

    /** Tokens of a training batch before any rate is known. */
    private static final int FIRST_TOKENS = 128;

    private final BatchPolicy policy;
    private final TenantLedger ledger = new TenantLedger();
    private final ServingQueue<S> serving = new ServingQueue<>(ledger);
    private final TrainingQueue<T> training;
    private final LingerPolicy linger = new LingerPolicy();
    private final LaneUtilization utilization = new LaneUtilization();

    private double nanosPerToken;
    private double trainingCredit;
    private int trainingRunning;
    private boolean served;
    private long lastServedNanos;

    public Scheduler(BatchPolicy policy) {
        this.policy = policy;
        this.training = new TrainingQueue<>(ledger, policy.sliceItems());
    }

    /**
     * Accepts items of one tenant, all or none.
     *
     * @return false if the queue, or the tenant's part of it, has too little capacity left: no item was accepted
     */
    public boolean offerServing(List<? extends S> items) {
        if (items.isEmpty()) {
            return true;
        }
        String tenant = items.get(0).tenant();
        if (serving.size() + items.size() > policy.maxQueued()
                || serving.size(tenant) + items.size() > policy.maxQueuedPerTenant()) {
            return false;
        }
        items.forEach(serving::add);
        return true;
    }

    /**
     * Accepts an example; the caller bounds how many of a flow wait.
     *
     * @throws IllegalStateException if its flow was dropped and still runs
     */
    public void offerTraining(T item) {
        training.add(item);
    }

    /**
     * Decides for one lane. If others are idle and may train, it takes its share of the examples that are ready and
     * leaves the rest to them.
     */
    public Decision<S, T> next(long nowNanos, int idleLanes) {
        boolean servingDue = servingDue(nowNanos);
        boolean trainingReady = training.hasReady() && mayTrain(nowNanos);
        if (servingDue && !(trainingReady && trainingCredit >= 1)) {
            return serve(nowNanos, trainingReady);
        }
        List<Decision.Slice<T>> slices = trainingReady ? takeTraining(nowNanos, idleLanes) : List.of();
        if (!slices.isEmpty()) {
            trainingRunning++;
            long spent = 0;
            for (Decision.Slice<T> slice : slices) {
                spent += tokens(slice.items());
            }
            trainingCredit = (servingDue ? trainingCredit : 0) - spent;
            return new Decision.Train<>(slices);
        }
        trainingCredit = 0;
        return new Decision.Wait<>(waitUntilNanos(nowNanos));
    }

    private long waitUntilNanos(long nowNanos) {
        if (serving.size() > 0) {
            return Math.max(serving.oldestArrivalNanos() + policy.delayNanos(), lingerUntilNanos(nowNanos));
        }
        if (!training.hasReady()) {
            return Long.MAX_VALUE;
        }
        long past = lastServedNanos + policy.servingRecentNanos();
        return light(nowNanos) ? past : Math.min(past, utilization.belowAtNanos(policy.lightServing(), nowNanos));
    }

    /**
     * Decides for a lane that pauses in a training batch: what it serves before it goes on, which may be nothing. A
     * waiting request does not wait for others to join it; training keeps its share.
     */
    public Decision.Serve<S, T> between(long nowNanos) {
        return serving.size() == 0 || trainingCredit >= 1
                ? new Decision.Serve<>(List.of(), List.of())
                : serve(nowNanos, true);
    }

    private Decision.Serve<S, T> serve(long nowNanos, boolean trainingWaits) {
        ServingQueue.Batch<S> batch = serving.take(policy.batchTokens(), policy.batchItems(), nowNanos);
        if (!batch.items().isEmpty()) {
            served = true;
            lastServedNanos = nowNanos;
            linger.batchStarted();
            if (trainingWaits) {
                trainingCredit +=
                        tokens(batch.items()) * policy.trainingShare() / Math.max(1e-9, 1 - policy.trainingShare());
            }
        }
        return new Decision.Serve<>(batch.items(), batch.abandoned());
    }

    /**
     * A serving batch has ended, and its callers may send new requests. Training batches end by
     * {@link #finishedTraining}.
     */
    public void finishedServing(int items, long nanos, long nowNanos) {
        utilization.served(nanos, nowNanos);
        linger.answered(items, nanos, nowNanos);
    }

    /**
     * A training batch has ended: its flows may run again.
     *
     * @return flows that were dropped meanwhile and no longer run
     */
    public List<Object> finishedTraining(List<Decision.Slice<T>> slices) {
        if (trainingRunning == 0) {
            throw new IllegalStateException("training batches: none runs (expected: the one that has ended)");
        }
        trainingRunning--;
        List<Object> dropped = new ArrayList<>();
        for (Decision.Slice<T> slice : slices) {
            if (training.finished(slice.flow())) {
                dropped.add(slice.flow());
            }
        }
        return dropped;
    }

    /** Records how long a training batch took, to update the rate. */
    public void measured(long tokens, long nanos) {
        if (tokens > 0) {
            double measured = (double) nanos / tokens;
            nanosPerToken = nanosPerToken == 0 ? measured : nanosPerToken + NEWEST * (measured - nanosPerToken);
        }
    }

    /**
     * The result of dropping a flow.
     *
     * @param items the items that waited in it
     * @param idle whether none of its items runs; otherwise {@link #finishedTraining} will name it
     */
    public record Dropped<T>(List<T> items, boolean idle) {}

    /** Removes what waits in a flow, which accepts no more items until it no longer runs. */
    public Dropped<T> drop(Object flow) {
        return training.drop(flow);
    }

    /** Removes all work that waits to be served. */
    public List<S> drainServing() {
        return serving.drain();
    }

    /** Removes all work that waits to be learned. */
    public List<T> drainTraining() {
        return training.drain();
    }

    public int queuedServing() {
        return serving.size();
    }

    public int queuedTraining() {
        return training.size();
    }

    private boolean servingDue(long nowNanos) {
        if (serving.size() == 0) {
            return false;
        }
        if (serving.tokens() >= policy.batchTokens() || serving.size() >= policy.batchItems()) {
            return true;
        }
        return nowNanos - serving.oldestArrivalNanos() >= policy.delayNanos() && lingerUntilNanos(nowNanos) <= nowNanos;
    }

    private long lingerUntilNanos(long nowNanos) {
        boolean trains = trainingRunning > 0 || training.hasReady();
        return trains ? nowNanos : linger.untilNanos(serving.size(), nowNanos);
    }

    private boolean mayTrain(long nowNanos) {
        return !servingGoesOn(nowNanos) || trainingRunning < policy.trainingLanes() || light(nowNanos);
    }

    private boolean servingGoesOn(long nowNanos) {
        return serving.size() > 0 || (served && nowNanos - lastServedNanos < policy.servingRecentNanos());
    }

    /** Whether nothing waits to be served, and serving takes little of the lanes' time. */
    private boolean light(long nowNanos) {
        return serving.size() == 0 && utilization.lanes(nowNanos) < policy.lightServing();
    }

    private List<Decision.Slice<T>> takeTraining(long nowNanos, int idleLanes) {
        if (!servingGoesOn(nowNanos)) {
            return takeShare(idleLanes);
        }
        int lanesLeft = policy.trainingLanes() - trainingRunning;
        return lanesLeft > 0 ? takeShare(Math.min(idleLanes, lanesLeft - 1)) : training.take(stepTokens(), false);
    }

    /**
     * The tokens that a batch should have, but if other idle lanes may train, no more than a lane's share of what is
     * ready.
     */
    private List<Decision.Slice<T>> takeShare(int others) {
        long most = stepTokens();
        if (others > 0) {
            int lanes = 1 + others;
            most = Math.min(most, (training.readyTokens() + lanes - 1) / lanes);
        }
        return training.take(most, true);
    }

    /** Tokens of a training batch of the intended duration. */
    private long stepTokens() {
        return nanosPerToken == 0
                ? Math.min(policy.batchTokens(), FIRST_TOKENS)
                : (long) Math.max(1, Math.min(policy.batchTokens(), policy.stepNanos() / nanosPerToken));
    }

    private static long tokens(List<? extends Work> items) {
        long sum = 0;
        for (Work item : items) {
            sum += Math.max(1, item.tokens());
        }
        return sum;
    }
}
