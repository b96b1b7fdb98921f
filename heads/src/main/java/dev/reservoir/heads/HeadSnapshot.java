package dev.reservoir.heads;

import java.util.List;

/** The immutable half of a head: what it had learned at one moment. Any number of threads may use it at once. */
public interface HeadSnapshot {
    /** Labels in the order of their scores; empty for tasks of values. */
    List<String> labels();

    /**
     * Answers one observation.
     *
     * @param maxScores most scores to report, best first; 0 for none but the winner
     */
    Prediction predict(Features features, int maxScores);
}
