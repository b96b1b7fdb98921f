package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.schedule.Work;

/** A reading that somebody waits for. */
final class ServingTask implements Work {
    private final Call call;
    private final FeatureRequest reading;
    private final long arrivalNanos;
    private final Completion<Features> completion;

    ServingTask(Call call, FeatureRequest reading, long arrivalNanos, Completion<Features> completion) {
        this.call = call;
        this.reading = reading;
        this.arrivalNanos = arrivalNanos;
        this.completion = completion;
    }

    @Override
    public String tenant() {
        return call.tenant();
    }

    @Override
    public int tokens() {
        return reading.tokens();
    }

    @Override
    public long arrivalNanos() {
        return arrivalNanos;
    }

    FeatureRequest reading() {
        return reading;
    }

    Completion<Features> completion() {
        return completion;
    }

    @Override
    public boolean abandoned(long nowNanos) {
        return nowNanos >= call.deadlineNanos() || call.cancelled().getAsBoolean();
    }

    /** Ends work that nobody waits for any more. */
    void abandon(long nowNanos) {
        boolean late = nowNanos >= call.deadlineNanos();
        completion.refused(
                late
                        ? new Refused(Reason.DEADLINE, "deadline: passed before the work began")
                        : new Refused(Reason.CANCELLED, "call: cancelled before its work began"));
    }
}
