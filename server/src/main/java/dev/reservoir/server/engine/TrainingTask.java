// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.server.engine.Engine.Completion;
import dev.reservoir.server.engine.Engine.SpecUpdate;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.HeadVersion;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.OrderedWork;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Work on a head, done in the order of submission. */
sealed interface TrainingTask extends OrderedWork {
    Logger LOG = LoggerFactory.getLogger(TrainingTask.class);

    LiveHead head();

    /** Ends the task because its head was deleted first. */
    void headDeleted();

    /** Ends the task because the engine was closed first. */
    void engineStopped();

    @Override
    default String tenant() {
        return head().name().tenant();
    }

    @Override
    default Object flow() {
        return head();
    }

    @Override
    default int stepItems() {
        return head().published().spec().learning().stepExamples();
    }

    @Override
    default int tokens() {
        return 0;
    }

    @Override
    default boolean fillsStep() {
        return false;
    }

    /** Work of a training stream, whose end is reported to a listener. */
    sealed interface OfStream extends TrainingTask {
        TrainingListener listener();

        @Override
        default void headDeleted() {
            listener().deleted();
        }

        @Override
        default void engineStopped() {
            listener().stopped();
        }
    }

    /**
     * What an example teaches.
     *
     * @param features how the features that it is learned from are extracted; null if it is learned from the
     *     observation alone
     */
    record Content(
            AdmittedObservation observation, @Nullable FeatureRequest features, Target target) {}

    /** An example to be learned. {@code tokens} counts the extraction of its features and the learning step. */
    record Example(
            LiveHead head, long sequence, Content content, TrainingListener listener, int tokens, long arrivalNanos)
            implements OfStream {
        @Override
        public boolean fillsStep() {
            return true;
        }
    }

    /** An example that was refused on arrival, acknowledged in its place among the others. */
    record Refusal(LiveHead head, long sequence, Refused why, TrainingListener listener, long arrivalNanos)
            implements OfStream {}

    /** The end of the minibatch that is being gathered. */
    record Flush(LiveHead head, TrainingListener listener, long arrivalNanos) implements OfStream {}

    /** A change of the specification. */
    record Update(LiveHead head, SpecUpdate change, Completion<HeadVersion> completion, long arrivalNanos)
            implements TrainingTask {
        @Override
        public void headDeleted() {
            end(null, HeadRegistry.notFound(head.name()));
        }

        @Override
        public void engineStopped() {
            end(null, Engine.stopping());
        }

        /**
         * Completes with the version that includes the change, or with the reason why it was not made; a failing
         * completion does not affect others.
         */
        void end(@Nullable HeadVersion version, @Nullable Refused why) {
            try {
                if (version != null) {
                    completion.completed(version);
                } else if (why != null) {
                    completion.refused(why);
                }
            } catch (Throwable e) {
                LOG.error("The end of an update of head {} could not be handed over", head.name(), e);
            }
        }
    }
}
