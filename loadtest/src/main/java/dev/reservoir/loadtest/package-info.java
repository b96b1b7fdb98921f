/** The command line of the programs that drive a server from outside; they depend on the wire contract alone. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest;
