@org.jspecify.annotations.NullMarked
package dev.reservoir.heads.codec;
