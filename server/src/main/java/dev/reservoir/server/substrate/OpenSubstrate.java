package dev.reservoir.server.substrate;

import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.server.substrate.bert.BertSubstrate;

/** A loaded substrate with its tokeniser; closing it frees both. */
public final class OpenSubstrate implements AutoCloseable {
    private final BertSubstrate substrate;
    private final TextTokenizer tokenizer;

    OpenSubstrate(BertSubstrate substrate, TextTokenizer tokenizer) {
        this.substrate = substrate;
        this.tokenizer = tokenizer;
    }

    public Substrate substrate() {
        return substrate;
    }

    public TextTokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Computes the digest again from the weights as they lie in memory.
     *
     * @throws IllegalStateException when it differs from the one at start, or after close
     */
    public void verifyUnchanged() {
        String live = substrate.liveDigest();
        if (!live.equals(substrate.info().digest())) {
            throw new IllegalStateException("substrate " + substrate.info().name() + ": digest " + live + " (expected: "
                    + substrate.info().digest() + ", as at start)");
        }
    }

    @Override
    public void close() {
        substrate.close();
        tokenizer.close();
    }
}
