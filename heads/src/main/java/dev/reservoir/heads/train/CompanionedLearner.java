package dev.reservoir.heads.train;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.FeatureLearner;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadMetrics;
import dev.reservoir.heads.HeadMetrics.Score;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.LearningSpec.Fpt.Companion;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.SubstrateLearner;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.Task;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An FPT head beside a frozen readout that learns from the same examples. Whichever predicted better over the metric window, each example
 * before it was learned, is served: a young head answers as its own frozen version does, which needs fewer examples, until it is better.
 * Which one leads is a function of the ordered examples, as all that is learned.
 */
final class CompanionedLearner implements SubstrateLearner {
    private final FptLearner own;
    private final FeatureLearner companion;
    /** What the companion has yet to learn: least squares are fastest many at a time. */
    private final List<FeatureLearner.Item> waiting = new ArrayList<>();

    /** @param companion a learner of {@link #specOf} */
    CompanionedLearner(FptLearner own, FeatureLearner companion) {
        this.own = own;
        this.companion = companion;
    }

    /** The specification of a head's companion. */
    static HeadSpec specOf(HeadSpec spec, Companion companion) {
        LearningSpec.RecursiveLeastSquares squares = companion.learning();
        return new HeadSpec(
                spec.name(),
                spec.modality(),
                spec.task(),
                companion.encoder(),
                new LearningSpec.RecursiveLeastSquares(
                        squares.ridge(), squares.forgetting(), spec.learning().metricWindow()),
                spec.seed());
    }

    @Override
    public boolean wantsFeatures() {
        return true;
    }

    @Override
    public @Nullable Refused take(AdmittedObservation observation, Target target, @Nullable Features features) {
        if (features == null) {
            throw new IllegalArgumentException("features: none (expected: the frozen encoder's)");
        }
        Refused refused = own.take(observation, target, null);
        if (refused == null) {
            waiting.add(new FeatureLearner.Item(features, target));
            if (own.due()) {
                settle();
            }
        }
        return refused;
    }

    private void settle() {
        if (!waiting.isEmpty()) {
            // Refusals are the same as the head's own but for features that are not finite, which cost the companion
            // alone.
            companion.learn(waiting);
            waiting.clear();
        }
    }

    @Override
    public boolean due() {
        return own.due();
    }

    @Override
    public Update begin() {
        return own.begin();
    }

    /** Whether the companion is the one to be served. */
    private boolean companionLeads() {
        Score theirs = companion.metrics().windowed();
        Score ours = own.metrics().windowed();
        if (companion.failure() != null) {
            return false;
        }
        return own.task() instanceof Task.Labelled
                ? theirs.accuracy() >= ours.accuracy()
                : ours.count() == 0 || theirs.rootMeanSquaredError() <= ours.rootMeanSquaredError();
    }

    @Override
    public HeadSnapshot snapshot() {
        settle();
        return companionLeads() ? companion.snapshot() : own.snapshot();
    }

    @Override
    public HeadMetrics metrics() {
        settle();
        HeadMetrics counts = own.metrics();
        HeadMetrics led = companionLeads() ? companion.metrics() : counts;
        return new HeadMetrics(counts.examples(), counts.updates(), counts.refused(), led.windowed(), led.total());
    }

    @Override
    public void countRefused() {
        own.countRefused();
    }

    @Override
    public @Nullable String failure() {
        return own.failure();
    }

    @Override
    public void update(HeadSpec changed) {
        settle();
        own.update(changed);
        Companion unchanged = ((LearningSpec.Fpt) changed.learning()).companion();
        if (unchanged != null) {
            companion.update(specOf(changed, unchanged));
        }
    }

    @Override
    public HeadSpec spec() {
        return own.spec();
    }

    @Override
    public long residentBytes() {
        return own.residentBytes() + companion.residentBytes();
    }

    @Override
    public long trainableParameters() {
        return own.trainableParameters() + companion.trainableParameters();
    }

    @Override
    public void close() {
        companion.close();
        own.close();
    }
}
