package dev.reservoir.server;

import dev.reservoir.server.substrate.SubstrateOptions;

/**
 * Everything a server is started with.
 *
 * @param host address to listen on; a loopback address, as this server knows no credentials
 * @param port 0 takes a free one
 * @param eventLoops threads that decode and encode
 */
record ServerOptions(String host, int port, int eventLoops, SubstrateOptions substrate, CoreOptions core) {}
