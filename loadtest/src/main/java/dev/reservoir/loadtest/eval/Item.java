package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Example;
import java.util.BitSet;

/**
 * An example to be scored on.
 *
 * @param example observation and truth
 * @param hard among the places of a truth per token (its tokens, or the bits of all tokens), those that the observation does not simply show; empty where the task makes no
 *     such difference
 */
record Item(Example example, BitSet hard) {
    Item {
        hard = (BitSet) hard.clone();
    }

    static Item plain(Example example) {
        return new Item(example, new BitSet());
    }
}
