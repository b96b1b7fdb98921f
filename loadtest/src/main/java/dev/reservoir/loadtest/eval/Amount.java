package dev.reservoir.loadtest.eval;

/**
 * How much work a task is, fixed in advance.
 *
 * @param examples a head learns
 * @param validation items that decide the rate
 * @param test items that score it
 */
record Amount(int examples, int validation, int test) {
    Amount {
        if (examples < 1 || validation < 1 || test < 1) {
            throw new IllegalArgumentException(
                    "amount: " + examples + ", " + validation + ", " + test + " (expected: each at least 1)");
        }
    }

    /** Steps after which a rate must halve to be halved so often in all of them. */
    int halfLifeSteps(int minibatch, int halvings) {
        return Math.max(1, examples / minibatch / halvings);
    }

    Amount withExamples(int other) {
        return new Amount(other, validation, test);
    }
}
