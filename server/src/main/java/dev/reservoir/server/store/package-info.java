// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * What survives a crash: an ordered log of everything that changes a head, and checkpoints of heads, in one folder.
 *
 * <p>The server does not keep heads in it yet.
 *
 * <p>{@link dev.reservoir.server.store.ExampleLog} and {@link dev.reservoir.server.store.Checkpoints} are the ports;
 * {@link dev.reservoir.server.store.SqliteStore} implements both on one SQLite database. Nothing outside this package
 * knows SQL. {@link dev.reservoir.server.store.DataFolder} holds the folder's lock and its identity.
 *
 * <pre>
 *   append -> AppendQueue -> StoreWriter (one thread, one connection) -> frame -> commit + sync -> DurableMark
 *                                |                                                   |
 *                                +-> one step of a StoreJob (checkpoint, trim)       +-> DurableWaiters
 *   read, newest, list <- Readers (connections that only read)
 * </pre>
 */
@NullMarked
package dev.reservoir.server.store;

import org.jspecify.annotations.NullMarked;
