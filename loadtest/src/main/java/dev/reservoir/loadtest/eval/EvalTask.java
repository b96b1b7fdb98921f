// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Observation;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A task with its data.
 *
 * @param name letters, digits and {@code -}
 * @param form a precise description with its sizes: results of different forms are never compared
 * @param source where the examples come from
 */
record EvalTask(
        String name, String form, String source, Heads heads, TrainingSet training, HeldOut heldOut, Scoring scoring) {
    /**
     * The heads that are compared.
     *
     * @param fpt modality, task and encoder of an FPT head, and those of its learning settings that belong to the task
     * @param control modality and task of the control that reads the raw input: a task per token becomes a set of
     *     labels
     * @param tokens that the substrate reads for one observation, at most
     */
    record Heads(Head fpt, Head control, int tokens) {}

    /**
     * What every head is trained on.
     *
     * @param stream the training examples, for a seed
     * @param examples how many of them a head learns
     * @param minibatch examples per step of every learner that makes steps; a divisor of {@link Contender#MINIBATCH}
     */
    record TrainingSet(ExampleStream stream, int examples, int minibatch) {}

    /**
     * Items that no head is trained on.
     *
     * @param validation decides the learning rate
     * @param test scores the chosen rate
     */
    record HeldOut(List<Item> validation, List<Item> test) {
        HeldOut {
            validation = List.copyOf(validation);
            test = List.copyOf(test);
        }

        Set<Observation> observations() {
            return Stream.concat(validation.stream(), test.stream())
                    .map(item -> item.example().getObservation())
                    .collect(Collectors.toUnmodifiableSet());
        }
    }

    /**
     * What an accuracy is compared with.
     *
     * @param statedScore windowed accuracy whose time is reported
     * @param window number of examples of the windowed accuracy
     * @param floor of answering without learning
     * @param hardName of {@link Item#hard}; empty if there is no such score
     * @param published what the paper reports
     */
    record Scoring(double statedScore, int window, Floor floor, String hardName, Published published) {}

    /**
     * The accuracy of answering without learning.
     *
     * @param rule how it answers
     */
    record Floor(double accuracy, String rule) {}

    /**
     * An example to be scored on.
     *
     * @param example observation and target
     * @param hard among the positions of a target per token (its tokens, or the bits of all tokens), those that the
     *     observation does not simply show; empty if the task makes no such distinction
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
     * @param examples that a head learns
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

        /** The half-life of a rate, in steps, that halves it this many times over all of them. */
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

    /** Training examples. */
    @FunctionalInterface
    interface ExampleStream {
        /**
         * An infinite sequence of examples without any of the validation or test items; equal seeds give equal
         * sequences.
         */
        Sequence from(long seed);
    }

    /** One sequence of training examples. Not thread-safe. */
    @FunctionalInterface
    interface Sequence {
        Item next();
    }

    EvalTask {
        if (heldOut.validation().isEmpty() || heldOut.test().isEmpty() || training.examples() < 1) {
            throw new IllegalArgumentException(name + ": " + training.examples() + " examples, "
                    + heldOut.validation().size() + " validation, "
                    + heldOut.test().size() + " test (expected: some of each)");
        }
        if (training.minibatch() < 1 || Contender.MINIBATCH % training.minibatch() != 0) {
            throw new IllegalArgumentException(name + ": minibatch " + training.minibatch()
                    + " (expected: a divisor of " + Contender.MINIBATCH + ")");
        }
    }

    /** Identifies the task including the amount of work: results kept under it are comparable. */
    String fingerprint() {
        return form + "; " + source + "; " + training.examples() + " examples by " + training.minibatch() + ", "
                + heldOut.validation().size() + " validation, "
                + heldOut.test().size() + " test";
    }
}
