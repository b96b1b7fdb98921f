/** Observations to features: one class a modality; the border where every observation is checked. */
@NullMarked
package dev.reservoir.heads.modality;

import org.jspecify.annotations.NullMarked;
