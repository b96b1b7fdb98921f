package dev.reservoir.server.rpc;

/** Says whether the server does its work, so that {@code grpc.health.v1} tells the truth. Thread-safe. */
public interface HealthSource {
    boolean serving();

    /** Runs an action after each change of {@link #serving}, on any thread, until it is cancelled. */
    ServerCall.Registration onChange(Runnable action);
}
