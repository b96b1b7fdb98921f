/** The gRPC runtime over real sockets. */
@org.jspecify.annotations.NullMarked
package dev.reservoir.server.rpc;
