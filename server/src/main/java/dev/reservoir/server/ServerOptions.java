// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.server.substrate.SubstrateOptions;

/**
 * Everything a server is started with.
 *
 * @param address where to listen
 * @param eventLoops threads that decode and encode
 */
record ServerOptions(ListenAddress address, int eventLoops, SubstrateOptions substrate, CoreOptions core) {}
