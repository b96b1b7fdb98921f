// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** What a test makes a {@link FakeReservoir} do wrong; nothing unless it is told to. Thread-safe. */
public final class FakeFaults {
    @GuardedBy("this")
    private final Map<String, Long> breakAt = new HashMap<>();

    @GuardedBy("this")
    private final Map<String, Long> breakAtEnding = new HashMap<>();

    @GuardedBy("this")
    private final Set<Long> refused = new HashSet<>();

    private volatile boolean predictionsFail;
    private volatile boolean predictionStreamsDrop;
    private volatile boolean silent;
    private volatile boolean dying;
    private volatile boolean unfinished;

    FakeFaults() {}

    /** Fails the training stream of a head when this example arrives. */
    public synchronized void breakTraining(String head, long sequence) {
        breakAt.put(head, sequence);
    }

    /** Fails the training stream of every head whose name has this suffix when this example arrives. */
    public synchronized void breakTrainingOfHeadsNamed(String ending, long sequence) {
        breakAtEnding.put(ending, sequence);
    }

    /** Refuses the example with this number, of every head. */
    public synchronized void refuse(long sequence) {
        refused.add(sequence);
    }

    /** Answers every prediction request with an error. */
    public void failPredictions() {
        predictionsFail = true;
    }

    /** Fails a prediction stream when its first request arrives. */
    public void dropPredictionStreams() {
        predictionStreamsDrop = true;
    }

    /** Opens training streams and then sends nothing more. */
    public void fallSilent() {
        silent = true;
    }

    /** Halts the whole process when the tenth example of a head arrives. */
    public void dieInTraining() {
        dying = true;
    }

    /** Ends training streams with OK before everything has been handled. */
    public void leaveUnfinished() {
        unfinished = true;
    }

    synchronized boolean breaks(String head, long sequence) {
        Long limit = breakAtEnding.entrySet().stream()
                .filter(entry -> head.endsWith(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(breakAt.get(head));
        return limit != null && sequence >= limit;
    }

    synchronized boolean refuses(long sequence) {
        return refused.contains(sequence);
    }

    boolean predictionsFail() {
        return predictionsFail;
    }

    boolean predictionStreamsDrop() {
        return predictionStreamsDrop;
    }

    boolean isSilent() {
        return silent;
    }

    boolean isDying() {
        return dying;
    }

    boolean leavesUnfinished() {
        return unfinished;
    }
}
