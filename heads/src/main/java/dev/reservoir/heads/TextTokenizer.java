package dev.reservoir.heads;

/** The tokeniser that belongs to a substrate. Any number of threads may call at once. */
public interface TextTokenizer extends AutoCloseable {
    /** Ids of the text, its end marks included, cut to {@code maxTokens}. */
    int[] encode(String text, int maxTokens);

    @Override
    void close();
}
