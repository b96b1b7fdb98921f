/** Command line of the programs that drive a server from outside: they know only the wire contract. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest;
