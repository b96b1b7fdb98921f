// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * The heap that one learner has reserved: what its outputs take, by {@link HeadFootprint}, and what it stores besides.
 * Refusals name the head. Not thread-safe, but any thread may close it, any number of times.
 */
public final class LearnerMemory implements AutoCloseable {
    private final HeadName head;
    private final int featureWidth;
    private final long innerBytes;
    private final MemoryAccount.Grant grant;

    private LearnerMemory(HeadSpec spec, int featureWidth, long innerBytes, MemoryAccount account) {
        Task task = spec.task();
        int outputs = task instanceof Task.Labelled labelled ? labelled.labels().size() : task.maxOutputs();
        this.head = spec.name();
        this.featureWidth = featureWidth;
        this.innerBytes = innerBytes;
        this.grant = account.reserve(bytes(spec, outputs));
    }

    /**
     * Reserves what a new head needs before it has learned anything.
     *
     * @param featureWidth numbers in a row of the features that its readout reads
     * @param innerBytes bytes of parameters that do not grow with the outputs
     * @throws Refused MEMORY_LIMIT
     */
    public static LearnerMemory reserve(MemoryAccount account, HeadSpec spec, int featureWidth, long innerBytes) {
        try {
            return new LearnerMemory(spec, featureWidth, innerBytes, account);
        } catch (Refused refused) {
            throw refused.about(spec.name());
        }
    }

    /**
     * Changes what is reserved.
     *
     * @param exampleBytes bytes of examples that the learner stores
     * @throws Refused MEMORY_LIMIT; then what was reserved stays reserved
     */
    public void resize(HeadSpec spec, int outputs, long exampleBytes) {
        try {
            grant.resize(bytes(spec, outputs) + exampleBytes);
        } catch (Refused refused) {
            throw refused.about(head);
        }
    }

    private long bytes(HeadSpec spec, int outputs) {
        return innerBytes + HeadFootprint.heapBytes(spec.task(), spec.learning(), featureWidth, outputs);
    }

    /** Gives the bytes back. */
    @Override
    public void close() {
        grant.close();
    }
}
