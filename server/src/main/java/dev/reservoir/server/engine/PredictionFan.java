package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.HeadOutcome;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One observation's way to many heads: a part for each encoder, joined into one answer in the order of the heads. */
final class PredictionFan {
    private static final Logger LOG = LoggerFactory.getLogger(PredictionFan.class);

    private final List<LiveHead> heads;
    private final @Nullable HeadVersion[] bound;
    private final int maxScores;
    private final HeadOutcome[] outcomes;
    private final AtomicInteger partsLeft;
    private final Completion<List<HeadOutcome>> completion;

    /** @param bound what a head answers with where the reading depends on it; null where it answers with what is newest */
    PredictionFan(
            List<LiveHead> heads,
            @Nullable HeadVersion[] bound,
            int maxScores,
            int parts,
            Completion<List<HeadOutcome>> completion) {
        this.bound = bound;
        this.heads = heads;
        this.maxScores = maxScores;
        this.outcomes = new HeadOutcome[heads.size()];
        this.partsLeft = new AtomicInteger(parts);
        this.completion = completion;
    }

    /** The completion of the part that serves these heads. */
    Completion<Features> part(int[] headIndices) {
        return new Completion<>() {
            @Override
            public void completed(Features features) {
                HeadRange.of(headIndices.length)
                        .forEach(i -> outcomes[headIndices[i]] = predict(headIndices[i], features));
                join();
            }

            @Override
            public void refused(Refused why) {
                for (int index : headIndices) {
                    HeadVersion published = published(index);
                    outcomes[index] = new HeadOutcome(
                            heads.get(index).name(), null, why, published.version(), published.appliedThrough());
                }
                join();
            }
        };
    }

    private HeadVersion published(int index) {
        HeadVersion then = bound[index];
        return then != null ? then : heads.get(index).published();
    }

    private HeadOutcome predict(int index, Features features) {
        LiveHead head = heads.get(index);
        HeadVersion published = published(index);
        if (head.deleted()) {
            return new HeadOutcome(head.name(), null, HeadRegistry.notFound(head.name()), 0, 0);
        }
        try {
            return new HeadOutcome(
                    head.name(),
                    published.snapshot().predict(features, maxScores),
                    null,
                    published.version(),
                    published.appliedThrough());
        } catch (RuntimeException e) {
            LOG.error("Head {} could not predict", head.name(), e);
            Refused failed = new Refused(Reason.INTERNAL, "head: " + head.name() + " could not predict");
            return new HeadOutcome(head.name(), null, failed, published.version(), published.appliedThrough());
        }
    }

    private void join() {
        if (partsLeft.decrementAndGet() == 0) {
            List<HeadOutcome> all = Arrays.asList(outcomes);
            Refused first = outcomes[0].refused();
            if (first != null && all.stream().allMatch(outcome -> outcome.refused() != null)) {
                completion.refused(first);
            } else {
                completion.completed(all);
            }
        }
    }
}
