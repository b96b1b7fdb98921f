package dev.reservoir.server.schedule;

/** Work that must run in order, and never beside other work of the same flow. */
public interface OrderedWork extends Work {
    /** Identity of the flow, compared by {@code equals}. */
    Object flow();

    /**
     * Items of its flow that are worked off together, at least 1 where there are such steps; 0 where each is worked off by itself. A slice holds one
     * step at most, for a second would only wait in it, and is not cut inside a step, for half of one costs nothing and brings nothing.
     */
    default int stepItems() {
        return 0;
    }
}
