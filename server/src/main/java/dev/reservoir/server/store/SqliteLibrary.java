// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.NativeCache;
import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;

/**
 * Unpacks SQLite's native library into the directory for native libraries, once for each version. Left to itself the
 * driver unpacks it on every start into the directory for temporary files, and a process that is killed leaves it
 * there.
 */
final class SqliteLibrary {
    private static final String FOLDER = "org.sqlite.lib.path";

    private SqliteLibrary() {}

    /** @throws StartFailure if it cannot be unpacked */
    static void prepare() {
        if (System.getProperty(FOLDER) != null) {
            return;
        }
        Path cache = NativeCache.choose();
        Path folder = cache.resolve("sqlite-" + SQLiteJDBCLoader.getVersion());
        String name = LibraryLoaderUtil.getNativeLibName();
        try {
            unpack(LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name, folder, folder.resolve(name));
        } catch (IOException e) {
            throw NativeCache.unusable(cache, StartFailure.reason(e), e);
        }
        System.setProperty(FOLDER, folder.toString());
    }

    private static void unpack(String resource, Path folder, Path library) throws IOException {
        byte[] packed;
        try (InputStream input = SQLiteJDBCLoader.class.getResourceAsStream(resource)) {
            if (input == null) {
                throw new StartFailure("library: no " + resource + " (expected: part of sqlite-jdbc for this system)");
            }
            packed = input.readAllBytes();
        }
        if (Files.exists(library) && Arrays.equals(Files.readAllBytes(library), packed)) {
            return;
        }
        Files.createDirectories(folder);
        Path temporary = Files.createTempFile(folder, "unpacking", null);
        try {
            Files.write(temporary, packed);
            Files.move(temporary, library, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
