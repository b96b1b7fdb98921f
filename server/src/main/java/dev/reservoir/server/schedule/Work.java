package dev.reservoir.server.schedule;

/** A unit of work as the schedule sees it. */
public interface Work {
    /** Whose it is. */
    String tenant();

    /** Substrate tokens it is expected to cost; 0 where its features are at hand. */
    int tokens();

    /** When it came, on the caller's clock. */
    long arrivalNanos();
}
