package dev.reservoir.server.engine;

import java.util.function.BooleanSupplier;

/**
 * Who asks, and until when it matters. Work whose caller is gone or whose deadline has passed is dropped before it starts.
 *
 * @param deadlineNanos on the engine's clock; {@link Long#MAX_VALUE} for none
 * @param cancelled whether the caller went away; asked on any thread
 */
public record Call(String tenant, long deadlineNanos, BooleanSupplier cancelled) {}
