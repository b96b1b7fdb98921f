/**
 * The tasks of the demo with their data: real samples shipped as resources (`SOURCES.md` beside them says where each
 * comes from and under which licence), synthesised speech, and bits made from a seed.
 */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.workload;
