/** Which heads exist and what state each is in: learner, published snapshot, writer, observations held for late labels. */
@NullMarked
package dev.reservoir.server.registry;

import org.jspecify.annotations.NullMarked;
