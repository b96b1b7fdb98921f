/** A small server that keeps to the wire contract over a real socket, and can be told to break it. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.fake;
