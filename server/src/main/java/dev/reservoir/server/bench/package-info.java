/**
 * The server's side of benchmarks: measures inside one process what no client can see, one request a line, so that whoever asks can alternate
 * with peers. No part of serving.
 */
@NullMarked
package dev.reservoir.server.bench;

import org.jspecify.annotations.NullMarked;
