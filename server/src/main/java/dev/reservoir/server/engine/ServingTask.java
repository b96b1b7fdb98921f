package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine.Call;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.schedule.Work;
import org.jspecify.annotations.Nullable;

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

    /** Why the work is not worth starting any more, or null. */
    @Nullable
    Refused abandoned(long nowNanos) {
        if (call.cancelled().getAsBoolean()) {
            return new Refused(Reason.CANCELLED, "call: cancelled before its work began");
        }
        if (nowNanos >= call.deadlineNanos()) {
            return new Refused(Reason.DEADLINE, "deadline: passed before the work began");
        }
        return null;
    }
}
