package dev.reservoir.server.schedule;

import java.util.List;

/**
 * Decides what a free lane runs next. A pure state machine: time comes in as an argument, nothing blocks, one caller at a time.
 *
 * <p>Serving goes first, but while both wait training keeps its share of the tokens. A training batch is cut so short that it takes about
 * {@link BatchPolicy#stepNanos} at the pace that was measured, and its lane asks {@link #between} its parts whether something is to be served first.
 * While serving goes on only {@link BatchPolicy#trainingLanes} of them run at once, so that where there are more lanes an observation need
 * not even wait for a part to end. Where that would leave those lanes idle most of the time ({@link BatchPolicy#lightServing}), they train too, but
 * only steps that are no longer than a batch should be: the parts of a long one are long as well.
 *
 * <p>After a serving batch lanes linger a little for the next requests of those whom it answered ({@link LingerPolicy}), unless heads train: then
 * a lane that waits would take up a training step, or leave serving to those that train.
 */
public final class Scheduler<S extends Work, T extends OrderedWork> {
    /** Weight of the newest measurement in the pace. */
    private static final double NEWEST = 0.2;

    /** Tokens of a training batch before any pace is known. */
    private static final int FIRST_TOKENS = 128;

    private final BatchPolicy policy;
    private final TenantLedger ledger = new TenantLedger();
    private final ServingQueue<S> serving = new ServingQueue<>(ledger);
    private final TrainingQueue<T> training = new TrainingQueue<>(ledger);
    private final LingerPolicy refills = new LingerPolicy();
    private final LaneUtilization load = new LaneUtilization();

    private double nanosPerToken;
    private double trainingCredit;
    private int trainingRunning;
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

    /**
     * Decides for one lane, at {@code nowNanos}. Where others are idle and may train, it takes its share of the examples that are ready and leaves the
     * rest to them.
     */
    public Decision<S, T> next(long nowNanos, int idleLanes) {
        boolean servingDue = servingDue(nowNanos);
        boolean trainingReady = training.hasReady() && mayTrain(nowNanos);
        if (servingDue && !(trainingReady && trainingCredit >= 1)) {
            return new Decision.Serve<>(serve(nowNanos, trainingReady));
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
        return light(nowNanos) ? past : Math.min(past, load.belowAtNanos(policy.lightServing(), nowNanos));
    }

    /**
     * Decides for a lane that pauses in a training batch: what it serves before it goes on. A request that is there is not kept waiting for others;
     * training keeps its share.
     */
    public List<S> between(long nowNanos) {
        return serving.size() == 0 || trainingCredit >= 1 ? List.of() : serve(nowNanos, true);
    }

    private List<S> serve(long nowNanos, boolean trainingWaits) {
        List<S> items = serving.take(policy.batchTokens(), policy.batchItems());
        served = true;
        lastServedNanos = nowNanos;
        refills.taken();
        if (trainingWaits) {
            trainingCredit += tokens(items) * policy.trainingShare() / Math.max(1e-9, 1 - policy.trainingShare());
        }
        return items;
    }

    /** A serving batch has ended: those it answered may ask again. Training batches end by {@link #finishedTraining}. */
    public void finishedServing(int items, long nanos, long nowNanos) {
        load.served(nanos, nowNanos);
        refills.answered(items, nanos, nowNanos);
    }

    /** A training batch has ended: its flows may run again. */
    public void finishedTraining(List<Decision.Slice<T>> slices) {
        trainingRunning--;
        for (Decision.Slice<T> slice : slices) {
            training.finished(slice.flow());
        }
    }

    /** Tells how long a training batch took, for the pace. */
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
        if (serving.tokens() >= policy.batchTokens() || serving.size() >= policy.batchItems()) {
            return true;
        }
        return nowNanos - serving.oldestArrivalNanos() >= policy.delayNanos() && lingerUntilNanos(nowNanos) <= nowNanos;
    }

    private long lingerUntilNanos(long nowNanos) {
        boolean trains = trainingRunning > 0 || training.hasReady();
        return trains ? nowNanos : refills.untilNanos(serving.size(), nowNanos);
    }

    private boolean mayTrain(long nowNanos) {
        return !servingGoesOn(nowNanos) || trainingRunning < policy.trainingLanes() || light(nowNanos);
    }

    private boolean servingGoesOn(long nowNanos) {
        return serving.size() > 0 || (served && nowNanos - lastServedNanos < policy.servingRecentNanos());
    }

    /** Whether nothing waits to be served, and serving takes little of the lanes' time. */
    private boolean light(long nowNanos) {
        return serving.size() == 0 && load.lanes(nowNanos) < policy.lightServing();
    }

    private List<Decision.Slice<T>> takeTraining(long nowNanos, int idleLanes) {
        if (!servingGoesOn(nowNanos)) {
            return takeShare(idleLanes);
        }
        int lanesLeft = policy.trainingLanes() - trainingRunning;
        return lanesLeft > 0
                ? takeShare(Math.min(idleLanes, lanesLeft - 1))
                : training.take(stepTokens(), policy.sliceItems(), false);
    }

    /** As much as a batch should take, but where other lanes are idle that may train no more than a lane's share of what is ready. */
    private List<Decision.Slice<T>> takeShare(int others) {
        long most = stepTokens();
        if (others > 0) {
            int lanes = 1 + others;
            long ready = training.readyTokens(policy.sliceItems(), most * lanes);
            most = Math.min(most, (ready + lanes - 1) / lanes);
        }
        return training.take(most, policy.sliceItems(), true);
    }

    /** Tokens of a training batch that takes as long as one should. */
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
