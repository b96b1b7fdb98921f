// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadKind;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.heads.train.FusedStep;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.Decision;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Examples of several heads that are processed together. First all features are extracted, in one pass; then each head
 * consumes examples until an update through the substrate is due, all due updates are made in the same passes, and this
 * repeats until nothing is left. A failure of one head does not affect the others, and every example is reported
 * whatever fails. Not thread-safe.
 */
final class TrainingBatch {
    private final List<HeadSlice> slices = new ArrayList<>();
    private final List<FptSlice> sharing = new ArrayList<>();
    private final List<TrainingTask.Example> examples = new ArrayList<>();
    private final Map<TrainingTask.Example, FeatureExtractor.Outcome> extracted = new IdentityHashMap<>();

    TrainingBatch(List<Decision.Slice<TrainingTask>> batch) {
        for (Decision.Slice<TrainingTask> slice : batch) {
            LiveHead head = (LiveHead) slice.flow();
            HeadKind kind = head.published().spec().learning().kind();
            switch (kind) {
                case READOUT -> slices.add(new ReadoutSlice(head, slice.items(), extracted));
                case FPT -> {
                    FptSlice fpt = new FptSlice(head, slice.items(), extracted);
                    slices.add(fpt);
                    sharing.add(fpt);
                }
            }
        }
    }

    /**
     * Runs the batch. If it throws, {@link #failAll} ends what has not ended.
     *
     * @param substrate the substrate that heads are trained through
     * @param pause called between heads, to let more urgent work run
     * @return the work done, in tokens; for a head that is trained through the substrate, that of the updates made, not
     *     of the examples consumed
     */
    long run(FeatureExtractor extractor, Substrate substrate, Runnable pause) {
        double tokens = extract(extractor);
        for (HeadSlice slice : slices) {
            if (!sharing.contains(slice)) {
                tokens += slice.tasks().stream().mapToInt(TrainingTask::tokens).sum();
                try {
                    slice.advance();
                    slice.end();
                } catch (Throwable e) {
                    slice.failAll(e);
                }
                pause.run();
            }
        }
        tokens += runSharing(substrate);
        sharing.forEach(HeadSlice::end);
        return (long) tokens;
    }

    /** Ends every example that has not ended. */
    void failAll(Throwable thrown) {
        slices.forEach(slice -> slice.failAll(thrown));
    }

    /**
     * Extracts the features of all examples that are learned from features.
     *
     * @return tokens read for heads whose price does not include them
     */
    private long extract(FeatureExtractor extractor) {
        long tokens = 0;
        List<FeatureRequest> requests = new ArrayList<>();
        for (HeadSlice slice : slices) {
            if (slice.head().deleted()) {
                continue;
            }
            for (TrainingTask task : slice.tasks()) {
                if (task instanceof TrainingTask.Example example
                        && example.content().features() != null) {
                    examples.add(example);
                    requests.add(example.content().features());
                    tokens += sharing.contains(slice)
                            ? example.content().features().tokens()
                            : 0;
                }
            }
        }
        List<FeatureExtractor.Outcome> outcomes = extractor.extract(requests);
        for (int i = 0; i < outcomes.size(); i++) {
            extracted.put(examples.get(i), outcomes.get(i));
        }
        return tokens;
    }

    private double runSharing(Substrate substrate) {
        double tokens = 0;
        List<FptSlice> active = new ArrayList<>(sharing);
        while (!active.isEmpty()) {
            List<FptSlice> due = new ArrayList<>();
            for (FptSlice slice : active) {
                try {
                    if (slice.advance()) {
                        due.add(slice);
                    }
                } catch (Throwable e) {
                    slice.failAll(e);
                }
            }
            active = due;
            if (!due.isEmpty()) {
                try {
                    tokens += update(substrate, due);
                } catch (Throwable e) {
                    // It is unknown which updates were begun: continuing could apply some of them twice, or never
                    // finish.
                    for (FptSlice slice : due) {
                        slice.stop("an update could not be made");
                        slice.failAll(e);
                    }
                    active = List.of();
                }
            }
        }
        return tokens;
    }

    /** Makes one update of each head. Returns the tokens that went through the substrate. */
    private static double update(Substrate substrate, List<FptSlice> due) {
        FusedStep.Outcome outcome = new FusedStep(substrate.tunable())
                .run(due.stream().map(FptSlice::learner).toList());
        for (FptLearner.Aborted aborted : outcome.aborted()) {
            for (FptSlice slice : due) {
                if (slice.learner() == aborted.learner()) {
                    slice.abort(aborted);
                }
            }
        }
        return outcome.tokens();
    }
}
