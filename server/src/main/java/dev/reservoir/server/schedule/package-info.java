/** What runs next: fair queues and batch policy. Pure: no thread, no lock, no clock of its own. */
@NullMarked
package dev.reservoir.server.schedule;

import org.jspecify.annotations.NullMarked;
