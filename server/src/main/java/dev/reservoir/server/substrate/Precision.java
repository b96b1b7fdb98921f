package dev.reservoir.server.substrate;

/** Number type inside the program; its edges are f32 always. */
public enum Precision {
    /** Whichever the processor is faster with, by capability and measurement. */
    AUTO,
    F32,
    BF16;

    /** The name in options and messages. */
    public String label() {
        return switch (this) {
            case AUTO -> "auto";
            case F32 -> "f32";
            case BF16 -> "bf16";
        };
    }

    /**
     * Parses a label.
     *
     * @throws IllegalArgumentException for another
     */
    public static Precision of(String label) {
        for (Precision precision : values()) {
            if (precision.label().equals(label)) {
                return precision;
            }
        }
        throw new IllegalArgumentException("precision: " + label + " (expected: auto, bf16 or f32)");
    }
}
