/** Counters and histograms of what the server does: plain objects, given to whoever counts by its constructor. */
@NullMarked
package dev.reservoir.server.metrics;

import org.jspecify.annotations.NullMarked;
