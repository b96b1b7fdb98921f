/** Arithmetic that learning rules share: loops over floats in a fixed order, losses and their gradients, Adam. */
@NullMarked
package dev.reservoir.heads.math;

import org.jspecify.annotations.NullMarked;
