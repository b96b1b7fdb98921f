package dev.reservoir.loadtest.demo;

/** A run that could not be brought to its end; the message says why, for a person. */
final class DemoFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DemoFailure(String message) {
        super(message);
    }

    DemoFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
