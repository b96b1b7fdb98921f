package dev.reservoir.server.engine;

import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The turn of a head whose readout alone learns, from features that were read before. */
final class ReadoutSlice extends HeadSlice {
    private static final Logger LOG = LoggerFactory.getLogger(ReadoutSlice.class);

    private final FeatureLearner learner;
    private final List<FeatureLearner.Item> items = new ArrayList<>();
    private final List<TrainingTask.Example> learning = new ArrayList<>();

    ReadoutSlice(LiveHead head, FeatureLearner learner) {
        super(head, learner);
        this.learner = learner;
    }

    /** @param outcome what reading it gave; null where it was not read because the head was deleted */
    void example(TrainingTask.Example example, FeatureExtractor.@Nullable Outcome outcome) {
        if (head().deleted()) {
            example.listener().deleted();
        } else if (outcome != null && outcome.features() != null) {
            items.add(new FeatureLearner.Item(outcome.features(), example.target()));
            learning.add(example);
        } else {
            Refused why = outcome == null ? null : outcome.refused();
            settle();
            learner.countRefused();
            handle(example.sequence(), why == null ? HeadRegistry.notFound(head().name()) : why, example.listener());
        }
    }

    @Override
    void settle() {
        if (items.isEmpty()) {
            return;
        }
        List<@Nullable Refused> refusals;
        try {
            refusals = learner.learn(items);
        } catch (RuntimeException e) {
            LOG.error("Head {} could not learn {} examples", head().name(), items.size(), e);
            Refused failed = new Refused(Reason.INTERNAL, "example: the head could not learn it");
            refusals = new ArrayList<>();
            for (int i = 0; i < items.size(); i++) {
                refusals.add(failed);
            }
        }
        for (int i = 0; i < learning.size(); i++) {
            TrainingTask.Example example = learning.get(i);
            handle(example.sequence(), refusals.get(i), example.listener());
        }
        items.clear();
        learning.clear();
    }
}
