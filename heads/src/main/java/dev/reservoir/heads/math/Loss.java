// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.math;

import dev.reservoir.heads.Task;

/**
 * What a gradient minimises over a row of outputs: softmax cross entropy, the sum or the mean of the labels' logistic
 * losses, half the squared error of each number.
 */
public enum Loss {
    SOFTMAX,
    LOGISTIC,
    MEAN_LOGISTIC,
    SQUARED;

    /** The loss of a task. */
    public static Loss of(Task task) {
        if (task instanceof Task.MultiLabel) {
            return LOGISTIC;
        }
        if (task instanceof Task.TokenMultiLabel) {
            return MEAN_LOGISTIC;
        }
        return task instanceof Task.Labelled ? SOFTMAX : SQUARED;
    }
}
