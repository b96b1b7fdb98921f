package dev.reservoir.heads.readout;

/** A number that a head would have to go on with is not finite. Thrown before anything is changed by it. */
final class NotFinite extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotFinite(String message) {
        super(message, null, false, false);
    }
}
