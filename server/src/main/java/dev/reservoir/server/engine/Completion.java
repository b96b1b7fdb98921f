package dev.reservoir.server.engine;

import dev.reservoir.heads.Refused;

/** Receives the end of a request: exactly one call of one method, on any thread, the caller's own included. Must be quick. */
public interface Completion<R> {
    void completed(R result);

    void refused(Refused why);
}
