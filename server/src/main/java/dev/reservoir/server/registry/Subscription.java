package dev.reservoir.server.registry;

/** A callback's registration; ending it twice is harmless. */
public interface Subscription {
    void end();
}
