// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Parses the timeout that a client gives a call. */
final class Timeouts {
    private static final Pattern HEADER = Pattern.compile("([0-9]{1,8})([HMSmun])");

    private Timeouts() {}

    /**
     * The nanoseconds of a {@code grpc-timeout} header; {@link Long#MAX_VALUE} if there is none, if it is malformed, or
     * if it exceeds a century.
     */
    static long nanos(@Nullable String header) {
        Matcher matcher = header == null ? null : HEADER.matcher(header);
        if (matcher == null || !matcher.matches()) {
            return Long.MAX_VALUE;
        }
        TimeUnit unit = switch (matcher.group(2)) {
            case "H" -> TimeUnit.HOURS;
            case "M" -> TimeUnit.MINUTES;
            case "S" -> TimeUnit.SECONDS;
            case "m" -> TimeUnit.MILLISECONDS;
            case "u" -> TimeUnit.MICROSECONDS;
            default -> TimeUnit.NANOSECONDS;
        };
        long value = Long.parseLong(matcher.group(1));
        return unit.toDays(value) > 36_500 ? Long.MAX_VALUE : unit.toNanos(value);
    }

    static Refused passed() {
        return new Refused(Reason.DEADLINE, "deadline: passed (expected: an answer before it)");
    }
}
