package dev.reservoir.server.schedule;

/** Work that must run in order, and never beside other work of the same flow. */
public interface OrderedWork extends Work {
    /** Identity of the flow, compared by {@code equals}. */
    Object flow();

    /** Most items of its flow that one slice should hold: more would only wait inside it for others to be run. */
    default int sliceItems() {
        return Integer.MAX_VALUE;
    }
}
