/** A second, tiny substrate for tests of what is built around one. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.server.mixing;
