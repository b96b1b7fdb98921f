// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The slice of a head of which only the readout is trained, from features that were extracted before: as many
 * consecutive examples at a time as possible.
 */
final class ReadoutSlice extends HeadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(ReadoutSlice.class);

    private final FeatureLearner learner;
    private final Map<TrainingTask.Example, FeatureExtractor.Outcome> extracted;
    private final List<FeatureLearner.Item> items = new ArrayList<>();
    private final List<TrainingTask.Example> gathered = new ArrayList<>();

    /** @param extracted features of the slice's examples, or why there are none */
    ReadoutSlice(
            LiveHead head, List<TrainingTask> tasks, Map<TrainingTask.Example, FeatureExtractor.Outcome> extracted) {
        super(head, tasks);
        this.learner = (FeatureLearner) head.learner();
        this.extracted = extracted;
    }

    @Override
    boolean advance() {
        while (hasNext()) {
            doNext();
        }
        settle();
        return false;
    }

    @Override
    void learn(TrainingTask.Example example) {
        FeatureExtractor.Outcome outcome = extracted.get(example);
        if (outcome == null) {
            throw new IllegalStateException("features of example " + example.sequence() + " (expected: extracted)");
        }
        if (outcome.features() != null) {
            items.add(new FeatureLearner.Item(
                    outcome.features(), example.content().target()));
            gathered.add(example);
        } else {
            settle();
            learner.countRefused();
            handle(example.sequence(), outcome.refused(), example.listener());
        }
    }

    @Override
    void settle() {
        if (items.isEmpty()) {
            return;
        }
        List<FeatureLearner.Item> learned = List.copyOf(items);
        items.clear();
        List<@Nullable Refused> refusals;
        try {
            refusals = learner.learn(learned);
        } catch (Throwable e) {
            LOG.error("Head {} could not learn {} examples", head().name(), learned.size(), e);
            refusals = Collections.nCopies(learned.size(), Failure.refusal("example: the head could not learn it", e));
        }
        for (int i = 0; i < gathered.size(); i++) {
            handle(gathered.get(i).sequence(), refusals.get(i), gathered.get(i).listener());
        }
        gathered.clear();
    }
}
