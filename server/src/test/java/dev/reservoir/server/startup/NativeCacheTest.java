// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
    @TempDir
    private Path directory;

    private final Map<String, String> settings = new HashMap<>();
    private Path home;
    private Path temporary;
    private int user;

    @BeforeEach
    void folders() throws IOException {
        home = Files.createDirectory(directory.resolve("home"));
        temporary = Files.createDirectory(directory.resolve("tmp"));
        user = (Integer) Files.getAttribute(home, "unix:uid");
        settings.put("user.home", home.toString());
        settings.put("java.io.tmpdir", temporary.toString());
    }

    private Path choose() {
        return NativeCache.choose(settings::get, user);
    }

    @Test
    void aNamedFolderWinsAndIsMade() {
        Path named = directory.resolve("named/deep");
        settings.put("DJL_CACHE_DIR", named.toString());

        assertThat(choose()).isEqualTo(named).isDirectory();
    }

    @Test
    void theHomeFolderIsUsual() {
        settings.put("DJL_CACHE_DIR", " ");

        assertThat(choose()).isEqualTo(home.resolve(".djl.ai")).isDirectory();
    }

    @Test
    void aUserWithoutAHomeHasAFolderOfItsOwnAmongTemporaryFiles() throws IOException {
        for (String none :
                new String[] {"?", "", "relative", directory.resolve("gone").toString()}) {
            settings.put("user.home", none);

            Path folder = choose();

            assertThat(folder).isEqualTo(temporary.resolve("reservoir-natives-" + user));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                    .isEqualTo("rwx------");
        }
        assertThat(Path.of("?")).doesNotExist();
    }

    @Test
    void aFolderThatOthersMayChangeIsNotLoadedFrom() throws IOException {
        settings.put("user.home", "?");
        Files.setPosixFilePermissions(choose(), PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(this::choose)
                .isInstanceOf(StartFailure.class)
                .hasMessageContainingAll("reservoir-natives-" + user, "other users may change it", "DJL_CACHE_DIR");
        assertThatThrownBy(() -> NativeCache.choose(settings::get, user + 1)).isInstanceOf(StartFailure.class);
    }

    @Test
    void aDirectoryThatCannotBeCreatedIsReportedInOneLine() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        settings.put("DJL_CACHE_DIR", file.resolve("in").toString());

        assertThatThrownBy(this::choose)
                .isInstanceOf(StartFailure.class)
                .hasMessage("folder for native libraries: " + file.resolve("in")
                        + ": not a directory (expected: a folder of this user with 500 MB free; DJL_CACHE_DIR names"
                        + " another)");

        settings.put("DJL_CACHE_DIR", file.toString());
        assertThatThrownBy(this::choose)
                .isInstanceOf(StartFailure.class)
                .hasMessageContaining(file + ": a file is in the way");
    }
}
