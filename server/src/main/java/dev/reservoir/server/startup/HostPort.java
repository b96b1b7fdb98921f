// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address as people type it: {@code HOST:PORT}, with an IPv6 address in brackets.
 *
 * @param host a name or an address, without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {
    private static final Pattern FORM = Pattern.compile("(\\[[^\\[\\]\\s]+]|[^:\\[\\]\\s/]+):([0-9]{1,5})");

    /** @throws IllegalArgumentException if the text is not one */
    public static HostPort parse(String text) {
        Matcher parts = FORM.matcher(text);
        int port = parts.matches() ? Integer.parseInt(parts.group(2)) : 0;
        String host = port == 0 ? "" : parts.group(1);
        boolean bracketed = host.startsWith("[");
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        if (port < 1 || port > 65_535 || (bracketed && !NetUtil.isValidIpV6Address(host))) {
            throw new IllegalArgumentException(text
                    + " (expected: HOST:PORT with a port of 1 to 65535, for example localhost:50051 or [::1]:50051)");
        }
        return new HostPort(host, port);
    }

    /** An address in its shortest form. */
    public static HostPort of(InetAddress address, int port) {
        return new HostPort(NetUtil.toAddressString(address), port);
    }

    /** The host as it stands before a colon. */
    public String bracketedHost() {
        return host.contains(":") ? "[" + host + "]" : host;
    }

    @Override
    public String toString() {
        return bracketedHost() + ":" + port;
    }
}
