// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import dev.reservoir.heads.PartVisitor;

/** A fixed linear map {@code [in] -> [out]}, a function of its sizes and seed alone on every machine. Immutable. */
interface Projection {
    int in();

    int out();

    /** Adds {@code value} times the map's row {@code coordinate} to {@code target[offset .. offset + out)}. */
    void add(int coordinate, float value, float[] target, int offset);

    /** Mean norm of the image of a unit vector in a random direction. */
    double meanGain();

    /**
     * Passes on the map times {@code gain}: as {@code name.weight}, or as {@code name.places} and {@code name.values}.
     */
    void visitParts(String name, float gain, PartVisitor parts);

    /** The map of input rows to the width of a substrate: orthogonal if that takes little memory, else sparse. */
    static Projection input(int in, int out) {
        return in <= OrthogonalProjection.WIDEST ? new OrthogonalProjection(in, out) : new SparseProjection(in, out);
    }
}
