/** The demo: heads of several modalities trained and served at the same time, scored against their controls. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.loadtest.demo;
