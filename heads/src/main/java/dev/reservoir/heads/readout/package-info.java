/** Readouts that learn online: recursive least squares and gradient steps, with their metrics and snapshots. */
@NullMarked
package dev.reservoir.heads.readout;

import org.jspecify.annotations.NullMarked;
