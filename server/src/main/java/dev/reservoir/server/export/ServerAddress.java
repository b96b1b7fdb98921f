package dev.reservoir.server.export;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a server listens. */
record ServerAddress(String host, int port) {
    private static final Pattern FORM = Pattern.compile("(\\[[0-9a-fA-F:]+]|[^:\\s]+):([0-9]{1,5})");

    /** @throws IllegalArgumentException where the text is not one */
    static ServerAddress parse(String text) {
        Matcher parts = FORM.matcher(text);
        int port = parts.matches() ? Integer.parseInt(parts.group(2)) : 0;
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(
                    "--target: " + text + " (expected: HOST:PORT, with a port of 1 to 65535)");
        }
        String host = parts.group(1);
        return new ServerAddress(host.startsWith("[") ? host.substring(1, host.length() - 1) : host, port);
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
