/** Every service over a real socket, against the real engine on a tiny substrate. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.server.grpc;
