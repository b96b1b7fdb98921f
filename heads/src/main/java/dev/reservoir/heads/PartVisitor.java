// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * Receives everything that a head computes its answers with, part by part, so that another program can compute them
 * too. The names are those of an exported head; {@code HeadService.ExportHead} of the contract defines each.
 */
public interface PartVisitor {
    void tensor(NamedTensor tensor);

    /** A choice among a few alternatives, for example {@code pooling} {@code mean}. */
    void choice(String name, String value);
}
