// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.loadtest.client.ReservoirClient;

/**
 * A server that cells run on.
 *
 * @param tenant prefix of the tenants, one per task, that own the heads
 * @param training a connection for training, and to create and delete heads
 * @param serving a connection of its own for predictions
 */
record ConnectedServer(SubstrateFacts substrate, String tenant, ReservoirClient training, ReservoirClient serving) {}
