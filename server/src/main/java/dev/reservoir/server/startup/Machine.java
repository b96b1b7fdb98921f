// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import java.util.Set;

/** The requirements of the native libraries on a machine. */
public final class Machine {
    private static final Set<String> X86_64 = Set.of("amd64", "x86_64");

    private Machine() {}

    /** @throws StartFailure if the native libraries are not made for this system */
    public static void check() {
        check(System.getProperty("os.name", "unknown"), System.getProperty("os.arch", "unknown"));
    }

    static void check(String system, String architecture) {
        if (!system.equals("Linux") || !X86_64.contains(architecture)) {
            throw new StartFailure("platform: " + system + " on " + architecture
                    + " (expected: Linux on x86-64, for which the native libraries are made)");
        }
    }
}
