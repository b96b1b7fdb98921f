// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.io.Console;
import java.util.Map;

/**
 * What standard output can show.
 *
 * @param interactive whether a person is watching, so that lines may be redrawn in place
 * @param style whether to use colours
 */
public record Terminal(boolean interactive, Style style) {
    /** A file or a pipe: no control characters at all. */
    public static final Terminal NONE = new Terminal(false, Style.PLAIN);

    /** The terminal of this process. */
    public static Terminal here() {
        return of(hasConsole(System.console()), System.getenv());
    }

    /** Draws on a terminal that identifies itself (TERM); NO_COLOR, if set and not empty, disables colours. */
    static Terminal of(boolean console, Map<String, String> environment) {
        String kind = environment.getOrDefault("TERM", "");
        if (!console || kind.isEmpty() || kind.equals("dumb")) {
            return NONE;
        }
        boolean colours = environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Terminal(true, colours ? Style.COLOURED : Style.PLAIN);
    }

    /** Since JDK 22 a console may exist without a terminal and reports that itself; this code is built for 17. */
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
