package dev.reservoir.loadtest.report;

import java.io.Console;
import java.util.Map;

/**
 * What standard output can show.
 *
 * @param interactive whether a person watches: lines may be redrawn in place
 * @param style whether colours are wanted
 */
public record Terminal(boolean interactive, Style style) {
    /** A file or a pipe: no control character at all. */
    public static final Terminal NONE = new Terminal(false, Style.PLAIN);

    /** Of this process. */
    public static Terminal here() {
        return of(hasConsole(System.console()), System.getenv());
    }

    /** A terminal that says what it is (TERM) is drawn on; NO_COLOR, where set and not empty, takes the colours. */
    static Terminal of(boolean console, Map<String, String> environment) {
        String kind = environment.getOrDefault("TERM", "");
        if (!console || kind.isEmpty() || kind.equals("dumb")) {
            return NONE;
        }
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Terminal(true, colours ? Style.COLOURED : Style.PLAIN);
    }

    /** From JDK 22 on a console may exist without a terminal and says so itself; this code is built for 17. */
    private static boolean hasConsole(@org.jspecify.annotations.Nullable Console console) {
        if (console == null) {
            return false;
        }
        try {
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
