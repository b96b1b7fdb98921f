// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The addresses on which a server listens.
 *
 * @param grpc {@code host:port}
 * @param http {@code host:port} of its page, metrics and health; empty if it serves none
 */
public record ServerAddresses(String grpc, String http) {
    private static final Pattern READY =
            Pattern.compile("reservoir-server ready grpc=(\\S+:\\d+)(?: http=(\\S+:\\d+))?.*");

    /** Parses the line that a server prints when it is ready; empty if this is any other line. */
    public static Optional<ServerAddresses> parse(String line) {
        Matcher matcher = READY.matcher(line.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String http = matcher.group(2);
        return Optional.of(new ServerAddresses(matcher.group(1), http == null ? "" : http));
    }
}
