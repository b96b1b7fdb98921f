package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Head;
import java.util.List;

/**
 * A task with its data.
 *
 * @param name letters, digits and {@code -}
 * @param form what exactly is asked, with its sizes: results of different forms are never compared
 * @param source where the examples come from
 * @param spec modality, task and encoder of an FPT head, and what of its learning is the task's own
 * @param control modality and task of the control that reads the raw input: what a task per token asks, as a set of labels
 * @param tokens that the substrate reads for one observation, at most
 * @param stream the examples to train on, for a seed
 * @param examples how many of them a head learns
 * @param minibatch of them a step of every rule that makes steps; a divisor of {@link Contender#MINIBATCH}
 * @param validation decides the learning rate
 * @param test scores what was decided
 * @param statedScore windowed accuracy whose time is reported
 * @param window examples that the windowed accuracy is taken over
 * @param floor accuracy of answering without learning
 * @param floorName what that rule is
 * @param hardName of {@link Item#hard}; empty where there is no such score
 * @param published what the paper reports
 */
record EvalTask(
        String name,
        String form,
        String source,
        Head spec,
        Head control,
        int tokens,
        Stream stream,
        int examples,
        int minibatch,
        List<Item> validation,
        List<Item> test,
        double statedScore,
        int window,
        double floor,
        String floorName,
        String hardName,
        Published published) {

    /** Examples to train on. */
    @FunctionalInterface
    interface Stream {
        /** Examples from the first on, without end and without any of the validation or the test items; the same for the same seed. */
        Training from(long seed);
    }

    /** One pass over the examples to train on; one thread at a time. */
    @FunctionalInterface
    interface Training {
        Item next();
    }

    EvalTask {
        validation = List.copyOf(validation);
        test = List.copyOf(test);
        if (validation.isEmpty() || test.isEmpty() || examples < 1) {
            throw new IllegalArgumentException(name + ": " + examples + " examples, " + validation.size()
                    + " validation, " + test.size() + " test (expected: some of each)");
        }
        if (minibatch < 1 || Contender.MINIBATCH % minibatch != 0) {
            throw new IllegalArgumentException(
                    name + ": minibatch " + minibatch + " (expected: a divisor of " + Contender.MINIBATCH + ")");
        }
    }

    /** Of the amount of work too: what is kept under it answers the same question. */
    String fingerprint() {
        return form + "; " + source + "; " + examples + " examples by " + minibatch + ", " + validation.size()
                + " validation, " + test.size() + " test";
    }
}
