// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class DisplayTest {
    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void aTerminalShowsOnlyTheNewestState() {
        Display display = Display.on(new Terminal(true, Style.PLAIN), out);
        out.println("before");
        display.update(0, List.of("a 1", "a long second line", "third"), "");
        display.update(1, List.of("a 2", "short"), "");
        display.finish(List.of("a 3", "done"), "");
        out.println("after");

        assertThat(screenOf(written())).containsExactly("before", "a 3", "done", "after");
    }

    @Test
    void aPipeReceivesALineEveryFewSecondsAndNoControlCharacter() {
        Display display = Display.on(Terminal.NONE, out);
        for (int second = 0; second <= 12; second++) {
            display.update(second * SECOND, List.of("block"), "after " + second + " s");
        }
        display.finish(List.of("block"), "at the end");

        assertThat(written().lines()).containsExactly("after 0 s", "after 5 s", "after 10 s", "at the end");
        assertThat(written()).doesNotContainPattern("[\\p{Cntrl}&&[^\\n]]");
    }

    @Test
    void drawsAndColoursOnlyIfTheEnvironmentAllowsIt() {
        assertThat(Terminal.of(true, Map.of("TERM", "xterm"))).isEqualTo(new Terminal(true, Style.COLOURED));
        assertThat(Terminal.of(true, Map.of("TERM", "xterm", "NO_COLOR", "1")))
                .isEqualTo(new Terminal(true, Style.PLAIN));
        assertThat(Terminal.of(true, Map.of("TERM", "xterm", "NO_COLOR", "")))
                .isEqualTo(new Terminal(true, Style.COLOURED));
        assertThat(Terminal.of(true, Map.of("TERM", "dumb"))).isEqualTo(Terminal.NONE);
        assertThat(Terminal.of(true, Map.of())).isEqualTo(Terminal.NONE);
        assertThat(Terminal.of(false, Map.of("TERM", "xterm"))).isEqualTo(Terminal.NONE);
    }

    private String written() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** What a screen shows; interprets line feeds, cursor up, and clearing to the end of a line or of the screen. */
    private static List<String> screenOf(String written) {
        Pattern token = Pattern.compile("\u001b\\[(\\??\\d*)([A-Za-z])|\\n|\\r|[^\u001b\\n\\r]+");
        List<StringBuilder> rows = new ArrayList<>();
        int row = 0;
        int column = 0;
        Matcher matcher = token.matcher(written);
        while (matcher.find()) {
            while (rows.size() <= row) {
                rows.add(new StringBuilder());
            }
            String text = matcher.group();
            String command = matcher.group(2);
            if (text.equals("\n")) {
                row++;
                column = 0;
            } else if (text.equals("\r")) {
                column = 0;
            } else if (command == null) {
                StringBuilder line = rows.get(row);
                line.replace(column, Math.min(line.length(), column + text.length()), text);
                column += text.length();
            } else if (command.equals("A")) {
                row -= Integer.parseInt(matcher.group(1));
            } else if (command.equals("K")) {
                rows.get(row).setLength(column);
            } else if (command.equals("J")) {
                rows.get(row).setLength(column);
                rows.subList(row + 1, rows.size()).clear();
            }
        }
        return rows.stream().map(StringBuilder::toString).toList();
    }
}
