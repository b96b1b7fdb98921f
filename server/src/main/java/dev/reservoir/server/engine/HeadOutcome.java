package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Prediction;
import dev.reservoir.heads.Refused;
import org.jspecify.annotations.Nullable;

/** One head's answer, or why it has none: exactly one of {@code prediction} and {@code refused} is present. */
public record HeadOutcome(
        HeadName head,
        @Nullable Prediction prediction,
        @Nullable Refused refused,
        long version,
        long appliedThrough) {}
