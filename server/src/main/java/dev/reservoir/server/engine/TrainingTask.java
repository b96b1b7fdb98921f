package dev.reservoir.server.engine;

import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.train.FptLearner;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.SpecUpdate;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.OrderedWork;

/** Something to be done to a head in its turn. */
sealed interface TrainingTask extends OrderedWork {
    LiveHead head();

    /** Whether the head learns from features that its frozen encoder reads. */
    static boolean readsFeatures(LiveHead head) {
        return !(head.learner() instanceof FptLearner learner) || learner.readsFeatures();
    }

    /** Ends it because its head was deleted before it was done. */
    void headDeleted();

    /** Ends it because the engine was closed before it was done. */
    void engineStopped();

    @Override
    default String tenant() {
        return head().name().tenant();
    }

    @Override
    default Object flow() {
        return head();
    }

    /** A minibatch for a head that learns through the substrate, whatever the task is: refusals and changes stand among its examples. */
    @Override
    default int stepItems() {
        return head().published().spec().learning() instanceof LearningSpec.Fpt fpt ? fpt.minibatch() : 0;
    }

    /** An example to be learned. {@code tokens} counts the reading and the learning step. */
    record Example(
            LiveHead head,
            long sequence,
            FeatureRequest reading,
            Target target,
            TrainingListener listener,
            int tokens,
            long arrivalNanos)
            implements TrainingTask {
        @Override
        public void headDeleted() {
            listener.deleted();
        }

        @Override
        public void engineStopped() {
            listener.stopped();
        }
    }

    /** An example that was wrong at the border, acknowledged in its turn. */
    record Refusal(LiveHead head, long sequence, Refused why, TrainingListener listener, long arrivalNanos)
            implements TrainingTask {
        @Override
        public void headDeleted() {
            listener.deleted();
        }

        @Override
        public void engineStopped() {
            listener.stopped();
        }

        @Override
        public int tokens() {
            return 0;
        }

        @Override
        public boolean fillsStep() {
            return false;
        }
    }

    /** A change of the specification. */
    record Update(LiveHead head, SpecUpdate change, Completion<HeadVersion> completion, long arrivalNanos)
            implements TrainingTask {
        @Override
        public void headDeleted() {
            completion.refused(HeadRegistry.notFound(head.name()));
        }

        @Override
        public void engineStopped() {
            completion.refused(Engine.stopping());
        }

        @Override
        public int tokens() {
            return 0;
        }

        @Override
        public boolean fillsStep() {
            return false;
        }
    }
}
