/** Figures held against peers and against a bare matrix product, each a ratio of sides that took turns in the same run. */
@NullMarked
package dev.reservoir.loadtest.bench;

import org.jspecify.annotations.NullMarked;
