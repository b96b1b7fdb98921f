/** Command line, configuration, and the wiring of all rooms by plain constructors. */
@NullMarked
package dev.reservoir.server;

import org.jspecify.annotations.NullMarked;
