/** Heads as files in the safetensors format. */
@NullMarked
package dev.reservoir.heads.file;

import org.jspecify.annotations.NullMarked;
