package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import java.util.BitSet;
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
    /**
     * An example to be scored on.
     *
     * @param example observation and truth
     * @param hard among the places of a truth per token (its tokens, or the bits of all tokens), those that the observation does not simply show; empty where the task makes no
     *     such difference
     */
    record Item(Example example, BitSet hard) {
        Item {
            hard = (BitSet) hard.clone();
        }

        static Item plain(Example example) {
            return new Item(example, new BitSet());
        }
    }

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

    /**
     * Test accuracies in percent that Lu et al. 2021 (arXiv 2103.05247) report with GPT-2 small.
     *
     * @param pretrained frozen pretrained transformer
     * @param random frozen transformer of random weights
     * @param full the whole transformer trained
     */
    record Published(double pretrained, double random, double full) {}

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
