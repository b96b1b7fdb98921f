// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Refused;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.server.registry.LiveHead;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The slice of a head that is trained through the substrate: it stops whenever an update is due. */
final class FptSlice extends HeadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(FptSlice.class);

    private final FptLearner learner;
    private final Map<TrainingTask.Example, FeatureExtractor.Outcome> extracted;

    /** @param extracted features of the slice's examples, or why there are none; empty if the head learns from none */
    FptSlice(LiveHead head, List<TrainingTask> tasks, Map<TrainingTask.Example, FeatureExtractor.Outcome> extracted) {
        super(head, tasks);
        this.learner = (FptLearner) head.learner();
        this.extracted = extracted;
    }

    FptLearner learner() {
        return learner;
    }

    @Override
    boolean advance() {
        while (!learner.updateDue() && hasNext()) {
            doNext();
        }
        return learner.updateDue();
    }

    /** Refuses the examples whose update could not be made; they were handled as accepted. */
    void abort(FptLearner.Aborted aborted) {
        if (aborted.cause() != null) {
            LOG.error(
                    "Head {}: an update could not be made, {} examples are refused",
                    head().name(),
                    aborted.sequences().size(),
                    aborted.cause());
        }
        for (long sequence : aborted.sequences()) {
            refuseAccepted(sequence, aborted.why());
        }
    }

    @Override
    void learn(TrainingTask.Example example) {
        handle(example.sequence(), accept(example), example.listener());
    }

    private @Nullable Refused accept(TrainingTask.Example example) {
        FeatureExtractor.Outcome outcome = extracted.get(example);
        if (outcome != null && outcome.refused() != null) {
            learner.countRefused();
            return outcome.refused();
        }
        try {
            return learner.accept(
                    example.sequence(),
                    example.content().observation(),
                    example.content().target(),
                    outcome == null ? null : outcome.features());
        } catch (Throwable e) {
            LOG.error("Head {} could not accept an example", head().name(), e);
            learner.countRefused();
            return Failure.refusal("example: the head could not learn it", e);
        }
    }

    /** Nothing is collected here: examples are passed on one by one. */
    @Override
    void settle() {}
}
