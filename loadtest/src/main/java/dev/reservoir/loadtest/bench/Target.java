package dev.reservoir.loadtest.bench;

/**
 * What a figure must reach.
 *
 * @param atLeast whether larger is better; else the value is the most that is allowed
 */
record Target(double value, boolean atLeast) {
    static Target atLeast(double value) {
        return new Target(value, true);
    }

    static Target atMost(double value) {
        return new Target(value, false);
    }

    boolean met(double measured) {
        return atLeast ? measured >= value : measured <= value;
    }

    String words() {
        return atLeast ? "at least" : "at most";
    }
}
