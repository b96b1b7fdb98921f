package dev.reservoir.heads;

import org.jspecify.annotations.Nullable;

/**
 * The mutable half of a head. Life cycle: made from a specification, given examples in order, {@link #snapshot} at any time between, {@link
 * #close}. One thread at a time; the owner sees to that. What an example looks like and how it is learned is the kind's: {@link
 * FeatureLearner}, {@link SubstrateLearner}.
 *
 * <p>What it has learned is a function of the specification and the ordered examples alone: how they are cut into calls, and what
 * other heads learn meanwhile, changes nothing, bit for bit.
 */
public sealed interface HeadLearner extends AutoCloseable permits FeatureLearner, SubstrateLearner {

    /** Counts an example that never became an item, so that metrics tell all refusals. */
    void countRefused();

    /** What is learned now, immutable; later learning does not change it. */
    HeadSnapshot snapshot();

    /** Metrics now. */
    HeadMetrics metrics();

    /** Why the head learns no more, or null while it learns. A failed learner refuses every item with {@link Reason#HEAD_FAILED}. */
    @Nullable
    String failure();

    /** Changes what may be changed of the specification (rates, window, added labels); refuses anything else. */
    void update(HeadSpec spec);

    HeadSpec spec();

    /** Bytes held, snapshot included; what is shared with other heads counts in full. */
    long residentBytes();

    /** Numbers that learn, exactly, at the labels known now. */
    long trainableParameters();

    /** Releases native memory. Snapshots stay usable. */
    @Override
    void close();
}
