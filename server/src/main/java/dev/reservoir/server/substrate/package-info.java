/**
 * The frozen substrate: weights read from their artifact, a TorchScript program held as source, and the port's implementation.
 *
 * <p>Letters: {@code B} sequences, {@code T} tokens of a sequence, {@code N} tokens of a batch ({@code sum T}), {@code D} width, {@code F}
 * feed-forward width, {@code S} norm slots. Matrices are {@code [in, out]}.
 */
@NullMarked
package dev.reservoir.server.substrate;

import org.jspecify.annotations.NullMarked;
