// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

/**
 * The jar's entry point: says in one line if this Java is too old, or if the libraries are not beside the jar, before a
 * class that needs either is loaded. Compiled for Java 8, and refers to no other class by name for that reason.
 */
public final class Launcher {
    private static final int LEAST_JAVA = 17;

    private Launcher() {}

    public static void main(String[] args) throws Exception {
        String java = System.getProperty("java.specification.version");
        if (feature(java) < LEAST_JAVA) {
            fail("Java " + java + " (expected: Java " + LEAST_JAVA + " or later)");
        }
        try {
            Class.forName("dev.reservoir.server.ReservoirServer")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) args);
        } catch (java.lang.reflect.InvocationTargetException e) {
            if (e.getCause() instanceof NoClassDefFoundError) {
                libraryMissing(e.getCause());
            }
            throw e;
        } catch (NoClassDefFoundError e) {
            libraryMissing(e);
        }
    }

    private static void libraryMissing(Throwable error) {
        fail("library: no class " + error.getMessage()
                + " (expected: the folder lib of the build beside reservoir-server.jar)");
    }

    /** 8 of "1.8", 17 of "17". */
    static int feature(String version) {
        String[] parts = version.split("\\.");
        return Integer.parseInt(parts[0].equals("1") && parts.length > 1 ? parts[1] : parts[0]);
    }

    private static void fail(String message) {
        System.err.println("reservoir-server: " + message);
        System.exit(1);
    }
}
