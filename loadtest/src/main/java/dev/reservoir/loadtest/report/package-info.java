/** What a run shows and writes: tables on the terminal, curves as PNG, figures as JSON. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.report;
