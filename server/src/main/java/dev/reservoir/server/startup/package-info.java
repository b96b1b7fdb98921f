/**
 * What must hold before a command can begin: addresses, the machine, a place for the native libraries. What does not
 * hold, and can be mended by whoever runs the command, is a {@link dev.reservoir.server.startup.StartFailure} of one
 * line.
 */
@NullMarked
package dev.reservoir.server.startup;

import org.jspecify.annotations.NullMarked;
