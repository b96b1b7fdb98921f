// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/**
 * Is shown what a head computes its answers with, part by part, so that something else than this program can compute
 * them too. The names are those of an exported head; {@code HeadService.ExportHead} of the contract tells what each
 * means.
 */
public interface PartVisitor {
    void tensor(NamedTensor tensor);

    /** One of the few ways in which something is done, for example {@code pooling} {@code mean}. */
    void choice(String name, String value);
}
