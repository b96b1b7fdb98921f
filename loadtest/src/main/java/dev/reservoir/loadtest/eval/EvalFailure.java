package dev.reservoir.loadtest.eval;

/** A run that could not be brought to its end; the message says why, for a person. */
final class EvalFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EvalFailure(String message) {
        super(message);
    }

    EvalFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
