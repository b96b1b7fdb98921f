package dev.reservoir.heads;

/** Observations of one modality to numbers: the part of an encoder that knows the modality. Immutable. */
public interface ObservationReader {
    /** Numbers in a row of a {@link ObservationRows}. */
    int rowWidth();

    /** Most rows of a {@link ObservationRows}. */
    int maxRows();

    /**
     * Euclidean norm that a row of numbers typically has; input projections are scaled by it, so that the rows which the substrate reads
     * are about as long as its own embeddings.
     */
    double rowNorm();

    /** How much longer than pooled hidden states the raw input beside them is made: the less the ridge holds it back. */
    default double inputFactor() {
        return 1;
    }

    /** As {@link ObservationEncoder#admit}, where the substrate reads the observation. */
    int admit(Observation observation);

    /** Decodes and checks an observation that {@link #admit} did not refuse, or refuses it. */
    ObservationRows read(Observation observation);
}
