package dev.reservoir.loadtest.workload;

import java.util.List;

/** The tasks that ship with this program. */
public final class Workloads {
    private Workloads() {}

    /** The tasks of the demo. */
    public static List<Workload> demo() {
        return List.of();
    }
}
