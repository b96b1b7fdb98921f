// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.UnusableState;
import java.util.ArrayList;
import java.util.List;

/**
 * The examples of an FPT head on their way through a minibatch: those that are gathered, then the full minibatch and
 * the updates that it makes due. The first of its updates is on its own examples, the others are on replayed ones.
 *
 * <pre>
 *               gather            gather of the last, end
 *            +---------+   +-----------------------------------+
 *            |         v   |                                   v
 *            +------- GATHERING                            UPDATE_DUE
 *                          ^                                 |    ^
 *                          |                           begin |    | finish, more are due
 *                          |    finish of the last, abort    v    |
 *                          +------------------------------ UPDATING
 *                                                              |
 *                          STOPPED &lt;------------------------+ stop
 * </pre>
 *
 * Not thread-safe.
 */
final class MinibatchCycle {
    private enum State {
        GATHERING,
        UPDATE_DUE,
        UPDATING,
        STOPPED
    }

    private final HeadName head;
    private final int size;
    private final int updatesEach;

    private State state = State.GATHERING;
    private List<MinibatchExample> gathered = new ArrayList<>();
    /** The minibatch whose updates are due or under way; empty while examples are gathered. */
    private List<MinibatchExample> minibatch = List.of();

    private int updatesDue;
    private long bytes;

    /**
     * @param head whom messages name
     * @param size examples of a full minibatch
     * @param updatesEach updates that a minibatch makes due
     */
    MinibatchCycle(HeadName head, int size, int updatesEach) {
        this.head = head;
        this.size = size;
        this.updatesEach = updatesEach;
    }

    /**
     * Goes on from a stored state; nothing was gathered before.
     *
     * @param examples those that are gathered, or, if updates are due, those that they are due for
     * @param due updates that are due
     * @param stopped whether nothing is gathered any more
     * @throws UnusableState DAMAGED
     */
    void restore(List<MinibatchExample> examples, int due, boolean stopped) {
        int most = stopped ? 0 : due == 0 ? size - 1 : size;
        UnusableState.check(
                examples.size() <= most && (due == 0 || !examples.isEmpty()),
                "minibatch",
                examples.size() + " examples",
                "at most " + most);
        UnusableState.check(due >= 0 && due <= (stopped ? 0 : updatesEach), "updates_due", due, "0 to " + updatesEach);
        if (due == 0) {
            gathered.addAll(examples);
        } else {
            minibatch = List.copyOf(examples);
        }
        updatesDue = due;
        bytes = examples.stream().mapToLong(MinibatchExample::bytes).sum();
        state = stopped ? State.STOPPED : due == 0 ? State.GATHERING : State.UPDATE_DUE;
        verifyState();
    }

    /** The examples that are gathered, or those that updates are due for. */
    List<MinibatchExample> examples() {
        return state == State.GATHERING ? gathered : minibatch;
    }

    int updatesDue() {
        return updatesDue;
    }

    /** @throws IllegalStateException if an update is under way */
    void checkNotUpdating() {
        if (state == State.UPDATING) {
            throw new IllegalStateException(head + ": " + state + " (expected: no update under way)");
        }
    }

    /** @throws IllegalStateException unless an example can be gathered now */
    void checkGathering() {
        require(State.GATHERING);
    }

    /** @throws IllegalStateException unless an update is under way */
    void checkUpdating() {
        require(State.UPDATING);
    }

    /** Adds an example; the last of a minibatch makes its updates due. */
    void gather(MinibatchExample example) {
        require(State.GATHERING);
        gathered.add(example);
        bytes += example.bytes();
        if (gathered.size() == size) {
            end();
        }
        verifyState();
    }

    /** Makes the updates of a shorter minibatch due, if examples are gathered. */
    void end() {
        require(State.GATHERING);
        if (!gathered.isEmpty()) {
            minibatch = gathered;
            gathered = new ArrayList<>();
            updatesDue = updatesEach;
            state = State.UPDATE_DUE;
        }
        verifyState();
    }

    boolean updateDue() {
        return state == State.UPDATE_DUE;
    }

    void begin() {
        require(State.UPDATE_DUE);
        state = State.UPDATING;
        verifyState();
    }

    /** Whether the update that is due or under way is the one on the minibatch's own examples. */
    boolean onFresh() {
        return updatesDue == updatesEach;
    }

    /** The examples whose updates are due or under way. */
    List<MinibatchExample> minibatch() {
        return minibatch;
    }

    /** The update was made. */
    void finish() {
        require(State.UPDATING);
        updatesDue--;
        if (updatesDue == 0) {
            forget(State.GATHERING);
        } else {
            state = State.UPDATE_DUE;
        }
        verifyState();
    }

    /**
     * Gives up the updates that are due.
     *
     * @return numbers of the examples that are not learned: all of the minibatch, or none if its own update was made
     *     before
     */
    List<Long> abort() {
        return giveUp(State.GATHERING);
    }

    /** As {@link #abort}, for good: nothing is gathered any more. */
    List<Long> stop() {
        return giveUp(State.STOPPED);
    }

    private List<Long> giveUp(State next) {
        require(State.UPDATING);
        List<Long> sequences =
                onFresh() ? minibatch.stream().map(MinibatchExample::sequence).toList() : List.of();
        forget(next);
        verifyState();
        return sequences;
    }

    private void forget(State next) {
        minibatch = List.of();
        updatesDue = 0;
        bytes = 0;
        state = next;
    }

    /** Bytes of all examples. */
    long bytes() {
        return bytes;
    }

    private void require(State expected) {
        if (state != expected) {
            throw new IllegalStateException(head + ": " + state + " (expected: " + expected + ")");
        }
    }

    private void verifyState() {
        boolean underWay = state == State.UPDATE_DUE || state == State.UPDATING;
        if (underWay != (updatesDue > 0)
                || underWay == minibatch.isEmpty()
                || (state != State.GATHERING && !gathered.isEmpty())
                || gathered.size() >= size
                || updatesDue > updatesEach) {
            throw new IllegalStateException(head + ": " + state + ", " + updatesDue + " updates due, "
                    + minibatch.size() + " examples in the minibatch, " + gathered.size() + " gathered");
        }
    }
}
