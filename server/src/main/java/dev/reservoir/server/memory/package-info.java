/** Bounds, in bytes, of what clients make the server hold. */
@NullMarked
package dev.reservoir.server.memory;

import org.jspecify.annotations.NullMarked;
