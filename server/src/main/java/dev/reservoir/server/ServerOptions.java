// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.server.substrate.SubstrateOptions;

/**
 * The options of a server.
 *
 * @param address the address to listen on
 * @param eventLoops threads that decode and encode
 */
record ServerOptions(ListenAddress address, int eventLoops, SubstrateOptions substrate, CoreOptions core) {}
