package dev.reservoir.heads;

/**
 * What a substrate is.
 *
 * @param name for example {@code minilm} or {@code random:minilm}
 * @param digest SHA-256 over weights, configuration, precision and program, 64 hexadecimal characters
 * @param family block scaffold, for example {@code bert}
 * @param width {@code D}
 * @param norms norms in a pass, the input norm included
 * @param positions most tokens in a sequence
 * @param precision {@code f32} or {@code bf16}, inside the program
 * @param precisionReason why that one
 * @param weightBytes bytes of the weights as held
 * @param coBatchingIdentical whether the start-up check found hidden states bit-identical alone and among others
 * @param coBatchingCheck what that check compared
 */
public record SubstrateInfo(
        String name,
        String digest,
        String family,
        int layers,
        int width,
        int attentionHeads,
        int feedForwardWidth,
        int vocabulary,
        int positions,
        int norms,
        long parameters,
        String precision,
        String precisionReason,
        String device,
        long weightBytes,
        boolean coBatchingIdentical,
        String coBatchingCheck) {}
