package dev.reservoir.server.substrate;

import ai.djl.Device;

/** How the frozen products run on this machine, and why. */
record PrecisionChoice(BertProgram.Products products, String reason) {
    static PrecisionChoice of(SubstrateOptions options, Device device) {
        return new PrecisionChoice(BertProgram.Products.PACKED_F32, "TODO");
    }
}
