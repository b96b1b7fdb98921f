// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The directory into which native libraries are unpacked on the first start on a machine: the one that DJL_CACHE_DIR
 * names, else .djl.ai in the home directory, else one of this user's own in the directory for temporary files.
 */
public final class NativeCache {
    /** The environment variable or system property that names the directory; DJL reads it. */
    public static final String VARIABLE = "DJL_CACHE_DIR";

    private static final String IN_HOME = ".djl.ai";
    private static final Set<PosixFilePermission> OWN = PosixFilePermissions.fromString("rwx------");

    private NativeCache() {}

    /**
     * Chooses the directory.
     *
     * @param settings a variable's or property's value by name, null or blank if it is not set
     * @param user the numeric id of this process's user
     * @throws StartFailure if none can be used
     */
    static Path choose(UnaryOperator<@Nullable String> settings, int user) {
        String named = settings.apply(VARIABLE);
        if (named != null && !named.isBlank()) {
            return created(path(named));
        }
        // A user without a passwd entry has the home directory "?".
        Path home = path(String.valueOf(settings.apply("user.home")));
        if (home.isAbsolute() && (Files.isDirectory(home.resolve(IN_HOME)) || Files.isWritable(home))) {
            return created(home.resolve(IN_HOME));
        }
        Path temporary = path(String.valueOf(settings.apply("java.io.tmpdir")));
        return ownFolder(temporary.resolve("reservoir-natives-" + user), user);
    }

    /** The directory for this process. */
    public static Path choose() {
        return choose(
                name -> {
                    String variable = System.getenv(name);
                    return variable == null || variable.isBlank() ? System.getProperty(name) : variable;
                },
                user(Path.of("/proc/self")));
    }

    private static Path created(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw unusable(folder, StartFailure.reason(e), e);
        }
    }

    /** Libraries are loaded from it, so within a shared directory it must belong to this user alone. */
    private static Path ownFolder(Path folder, int user) {
        try {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWN));
            }
            Set<PosixFilePermission> open = PosixFilePermissions.fromString(
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
            open.removeAll(OWN);
            if (user(folder) != user || !open.isEmpty()) {
                throw unusable(folder, "other users may change it", null);
            }
            return folder;
        } catch (IOException e) {
            throw unusable(folder, StartFailure.reason(e), e);
        }
    }

    private static int user(Path path) {
        try {
            return (Integer) Files.getAttribute(path, "unix:uid");
        } catch (IOException e) {
            throw new StartFailure(path + ": " + StartFailure.reason(e) + " (expected: a readable file)", e);
        }
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new StartFailure("folder for native libraries: " + text + " (expected: a path)", e);
        }
    }

    /** The failure to report if the libraries could not be unpacked there. */
    public static StartFailure unusable(Path folder, String why, @Nullable Throwable cause) {
        return new StartFailure(
                "folder for native libraries: " + folder + ": " + why
                        + " (expected: a folder of this user with 500 MB free; " + VARIABLE + " names another)",
                cause);
    }
}
