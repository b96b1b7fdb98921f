package dev.reservoir.server.schedule;

import java.util.List;

/**
 * Decides what a free lane runs next. A pure state machine: time comes in as an argument, nothing blocks, one caller at a time.
 *
 * <p>Serving goes first, but while both wait training keeps its share of the tokens. While serving goes on, training batches are cut so
 * short that one takes about {@link BatchPolicy#stepNanos} at the pace that was measured.
 */
public final class Scheduler<S extends Work, T extends OrderedWork> {
    /** Weight of the newest measurement in the pace. */
    private static final double NEWEST = 0.2;

    private final BatchPolicy policy;
    private final TenantLedger ledger = new TenantLedger();
    private final ServingQueue<S> serving = new ServingQueue<>(ledger);
    private final TrainingQueue<T> training = new TrainingQueue<>(ledger);

    private double nanosPerToken;
    private double trainingCredit;
    private boolean served;
    private long lastServedNanos;

    public Scheduler(BatchPolicy policy) {
        this.policy = policy;
    }

    /** @return false where the queue, or the tenant's part of it, is full: the item was not taken */
    public boolean offerServing(S item) {
        if (serving.size() >= policy.maxQueued() || serving.size(item.tenant()) >= policy.maxQueuedPerTenant()) {
            return false;
        }
        serving.add(item);
        return true;
    }

    /** Takes an example; whoever offers bounds how many of a flow wait. */
    public void offerTraining(T item) {
        training.add(item);
    }

    /** Decides for one lane, at {@code nowNanos}. */
    public Decision<S, T> next(long nowNanos) {
        boolean servingDue = servingDue(nowNanos);
        boolean trainingReady = training.hasReady();
        if (servingDue && !(trainingReady && trainingCredit >= 1)) {
            List<S> items = serving.take(policy.batchTokens(), policy.batchItems());
            served = true;
            lastServedNanos = nowNanos;
            if (trainingReady) {
                trainingCredit += tokens(items) * policy.trainingShare() / Math.max(1e-9, 1 - policy.trainingShare());
            }
            return new Decision.Serve<>(items);
        }
        if (trainingReady) {
            List<Decision.Slice<T>> slices = training.take(trainingTokens(nowNanos), policy.sliceItems());
            long spent = 0;
            for (Decision.Slice<T> slice : slices) {
                spent += tokens(slice.items());
            }
            trainingCredit = servingDue ? trainingCredit - spent : 0;
            return new Decision.Train<>(slices);
        }
        trainingCredit = 0;
        if (serving.size() > 0) {
            return new Decision.Wait<>(serving.oldestArrivalNanos() + policy.delayNanos());
        }
        return new Decision.Wait<>(Long.MAX_VALUE);
    }

    /** The flow of a training slice may run again. */
    public void finishedTraining(Object flow) {
        training.finished(flow);
    }

    /** Tells how long a batch took, for the pace. */
    public void measured(long tokens, long nanos) {
        if (tokens > 0) {
            double pace = (double) nanos / tokens;
            nanosPerToken = nanosPerToken == 0 ? pace : nanosPerToken + NEWEST * (pace - nanosPerToken);
        }
    }

    /** Takes out what waits in a flow. */
    public List<T> drop(Object flow) {
        return training.drop(flow);
    }

    /** Whether a slice of the flow runs. */
    public boolean busy(Object flow) {
        return training.busy(flow);
    }

    /** Takes out all that waits to be served. */
    public List<S> dropServing() {
        return serving.take(Integer.MAX_VALUE, Integer.MAX_VALUE);
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
        return policy.delayNanos() == 0
                || serving.tokens() >= policy.batchTokens()
                || serving.size() >= policy.batchItems()
                || nowNanos - serving.oldestArrivalNanos() >= policy.delayNanos();
    }

    private int trainingTokens(long nowNanos) {
        boolean servingGoesOn =
                serving.size() > 0 || (served && nowNanos - lastServedNanos < policy.servingRecentNanos());
        if (!servingGoesOn || nanosPerToken == 0) {
            return policy.batchTokens();
        }
        double affordable = policy.stepNanos() / nanosPerToken;
        return (int) Math.max(1, Math.min(policy.batchTokens(), affordable));
    }

    private static long tokens(List<? extends Work> items) {
        long sum = 0;
        for (Work item : items) {
            sum += Math.max(1, item.tokens());
        }
        return sum;
    }
}
