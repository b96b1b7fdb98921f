// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.server.substrate.torch.PackedBatch;

/**
 * Norms for the places of a packed batch, as the program takes them.
 *
 * @param gains {@code [norms, S, D]}
 * @param biases {@code [norms, S, D]}
 * @param slotOfPlaces {@code [B]}, or empty for the substrate's own norms
 */
record NormRows(float[] gains, float[] biases, int slots, int[] slotOfPlaces) {
    static final NormRows OWN = new NormRows(new float[0], new float[0], 0, new int[0]);

    /**
     * Checks and lays out a bank for a batch.
     *
     * @param slots slot of every sequence
     * @throws IllegalArgumentException when the bank's size or a slot is wrong
     */
    static NormRows of(NormBank bank, int[] slots, PackedBatch batch, BertShape shape) {
        int row = shape.norms() * shape.width();
        if (bank.slots() < 1
                || bank.gains().length != bank.slots() * row
                || bank.biases().length != bank.slots() * row) {
            throw new IllegalArgumentException("norm bank: " + bank.slots() + " slots, " + bank.gains().length
                    + " gains, " + bank.biases().length + " biases (expected: at least 1 slot of " + row + " each)");
        }
        if (slots.length != batch.order().length) {
            throw new IllegalArgumentException(
                    "slots: " + slots.length + " (expected: one a sequence, " + batch.order().length + ")");
        }
        for (int slot : slots) {
            if (slot < 0 || slot >= bank.slots()) {
                throw new IllegalArgumentException("slot: " + slot + " (expected: 0 to " + (bank.slots() - 1) + ")");
            }
        }
        return new NormRows(
                normFirst(bank.gains(), bank.slots(), shape),
                normFirst(bank.biases(), bank.slots(), shape),
                bank.slots(),
                batch.slotOfPlaces(slots));
    }

    /** From {@code [S, norms, D]} to {@code [norms, S, D]}. */
    private static float[] normFirst(float[] bank, int slots, BertShape shape) {
        int width = shape.width();
        float[] turned = new float[bank.length];
        for (int slot = 0; slot < slots; slot++) {
            for (int norm = 0; norm < shape.norms(); norm++) {
                System.arraycopy(
                        bank, (slot * shape.norms() + norm) * width, turned, (norm * slots + slot) * width, width);
            }
        }
        return turned;
    }
}
