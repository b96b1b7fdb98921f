/** The services of the wire contract on Vert.x, and the one mapper from reasons to status codes. */
@NullMarked
package dev.reservoir.server.grpc;

import org.jspecify.annotations.NullMarked;
