// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Observations that are served together. Each task ends exactly once, whatever fails. Not thread-safe. */
final class ServingBatch {
    private static final Logger LOG = LoggerFactory.getLogger(ServingBatch.class);

    private final List<ServingTask> tasks;

    ServingBatch(List<ServingTask> tasks) {
        this.tasks = tasks;
    }

    int size() {
        return tasks.size();
    }

    /** Reads all observations and answers each task. */
    void run(FeatureExtractor extractor) {
        List<FeatureExtractor.Outcome> outcomes =
                extractor.extract(tasks.stream().map(ServingTask::request).toList());
        for (int i = 0; i < tasks.size(); i++) {
            tasks.get(i).end(outcomes.get(i));
        }
    }

    /** Ends every task that has not ended. */
    void failAll(Throwable thrown) {
        LOG.error("A serving batch of {} observations failed", tasks.size(), thrown);
        FeatureExtractor.Outcome failed = new FeatureExtractor.Outcome(
                null, Failure.refusal("observation: could not be read by the substrate", thrown));
        for (ServingTask task : tasks) {
            task.end(failed);
        }
    }
}
