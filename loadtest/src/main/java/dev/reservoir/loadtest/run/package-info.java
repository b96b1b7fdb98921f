/** What the commands that run something on a server share: how wrong usage and a broken run end, and which server to start. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.run;
