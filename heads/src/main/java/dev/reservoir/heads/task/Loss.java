package dev.reservoir.heads.task;

import dev.reservoir.heads.Task;

/** What a gradient minimises: softmax cross entropy, logistic loss of each label, half the squared error of each number. */
public enum Loss {
    SOFTMAX,
    LOGISTIC,
    SQUARED;

    /** The loss of a task. */
    public static Loss of(Task task) {
        if (task instanceof Task.MultiLabel) {
            return LOGISTIC;
        }
        return task instanceof Task.Labelled ? SOFTMAX : SQUARED;
    }
}
