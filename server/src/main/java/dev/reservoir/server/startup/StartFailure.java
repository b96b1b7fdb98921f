// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A command could not begin because of the machine it runs on: memory, disk, libraries, platform. The message is one
 * line that names what was found and what was expected. A wrong option is an {@link IllegalArgumentException} instead.
 */
public final class StartFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StartFailure(String message) {
        super(oneLine(message));
    }

    public StartFailure(String message, @Nullable Throwable cause) {
        super(oneLine(message), cause);
    }

    /**
     * Runs a step of the start that may need more memory than there is.
     *
     * @throws StartFailure if the memory of the process or its limit of threads does not suffice
     */
    public static <T> T checkingMemory(Supplier<T> step) {
        try {
            return step.get();
        } catch (OutOfMemoryError e) {
            throw outOfMemory(e);
        } catch (RuntimeException e) {
            if (e instanceof StartFailure || !saysOutOfMemory(e)) {
                throw e;
            }
            throw outOfMemory(e);
        }
    }

    /** Why a file could not be read or written, without the exception's class and the path. */
    public static String reason(IOException problem) {
        if (problem instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (problem instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (problem instanceof FileAlreadyExistsException) {
            return "a file is in the way";
        }
        if (problem instanceof FileSystemException file && file.getReason() != null) {
            return decapitalized(file.getReason());
        }
        return decapitalized(problem.getMessage() == null ? problem.toString() : problem.getMessage());
    }

    /** The texts of a failure and of what caused it, on one line. */
    public static String reasons(Throwable problem) {
        StringBuilder all = new StringBuilder();
        for (Throwable one = problem; one != null; one = one.getCause()) {
            String text = one instanceof IOException io ? reason(io) : String.valueOf(one.getMessage());
            if (all.indexOf(text) < 0) {
                all.append(all.isEmpty() ? "" : ": ").append(text);
            }
        }
        return oneLine(all.toString());
    }

    private static StartFailure outOfMemory(Throwable problem) {
        return new StartFailure(
                String.format(
                        Locale.ROOT,
                        "memory: %s, with a heap of at most %d MiB (expected: 256 MiB or more, which java -Xmx256m"
                                + " gives, and as much memory outside the heap)",
                        reasons(problem),
                        Runtime.getRuntime().maxMemory() >> 20),
                problem);
    }

    /** Whether native code ran out of memory, which only its message says. */
    private static boolean saysOutOfMemory(Throwable problem) {
        String text = reasons(problem);
        return text.contains("can't allocate memory")
                || text.contains("bad_alloc")
                || text.contains("cannot allocate memory")
                || text.contains("Cannot allocate memory")
                || problem.getCause() instanceof OutOfMemoryError;
    }

    private static String decapitalized(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
    }

    private static String oneLine(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining(" "));
    }
}
