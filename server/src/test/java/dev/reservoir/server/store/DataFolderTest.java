// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
    private static final FolderIdentity IDENTITY =
            new FolderIdentity("minilm", "ab".repeat(32), "f32", "avx2, 1 thread");

    @TempDir
    private Path directory;

    private void refused(Path path, String message) {
        assertThatThrownBy(() -> DataFolder.open(path).close())
                .isInstanceOf(StartFailure.class)
                .hasMessage(message);
    }

    @Test
    void aNewFolderIsMadeForItsOwnerAloneAndKeepsItsKeyAndIdentity() throws IOException {
        Path path = directory.resolve("a/b/data");
        byte[] key;
        try (DataFolder folder = DataFolder.open(path)) {
            assertThat(folder.created()).isTrue();
            assertThat(folder.identity()).isEmpty();
            key = folder.digestKey();
            assertThat(key).hasSize(16);
            folder.identify(IDENTITY);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rwx------");
        try (DataFolder folder = DataFolder.open(path)) {
            assertThat(folder.created()).isFalse();
            assertThat(folder.identity()).contains(IDENTITY);
            assertThat(folder.digestKey()).isEqualTo(key);
        }
        try (DataFolder other = DataFolder.open(directory.resolve("other"))) {
            assertThat(other.digestKey()).isNotEqualTo(key);
        }
    }

    @Test
    void aFolderThatIsOpenIsRefusedAndStaysLocked() {
        Path path = directory.resolve("data");
        String message = "data folder: " + path
                + ": in use by this process (expected: a folder that no other server uses; --data names another)";
        try (DataFolder folder = DataFolder.open(path)) {
            refused(path, message);
            refused(path, message);
            assertThat(folder.path()).isEqualTo(path);
        }
        DataFolder.open(path).close();
    }

    @Test
    void aFolderOfAnotherProcessIsRefusedByItsNumberAndFreeAfterItWasKilled() throws Exception {
        Path path = directory.resolve("data");
        Process holder = StoreProcess.start(path, 1, 0);
        try {
            StoreProcess.awaitFirst(holder);
            refused(
                    path,
                    "data folder: " + path + ": in use by process " + holder.pid()
                            + " (expected: a folder that no other server uses; --data names another)");
        } finally {
            holder.destroyForcibly().waitFor();
        }
        DataFolder.open(path).close();
    }

    @Test
    void whatIsNotAFolderIsRefused() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        refused(file, "data folder: " + file + ": not a folder (expected: a folder)");
        Path below = file.resolve("below");
        refused(below, "data folder: " + below + ": a file is in the way (expected: a folder that can be made)");
    }

    @Test
    void aFolderWithOtherThingsIsRefusedAndLeftAsItIs() throws IOException {
        Files.createFile(directory.resolve("thesis.tex"));
        refused(
                directory,
                "data folder: " + directory
                        + ": not a data folder, for there is no reservoir-folder but thesis.tex in it"
                        + " (expected: an empty folder, or one that the server made)");
        Files.delete(directory.resolve("thesis.tex"));
        Files.createDirectory(directory.resolve("lost+found"));
        DataFolder.open(directory).close();
    }

    @Test
    void aNewerFormatIsRefusedByItsNumber() throws IOException {
        DataFolder.open(directory).close();
        Path file = directory.resolve(FolderFile.NAME);
        Files.writeString(file, Files.readString(file).replace("format: 1", "format: 2"));
        refused(
                directory,
                file + ": format 2 (expected: at most 1, for a newer version of the server wrote this data folder)");
    }

    @Test
    void aNewerDatabaseIsRefusedByItsNumber() throws Exception {
        StoreFixture.Open.of(directory).close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + directory.resolve("reservoir.db"));
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA user_version = 9");
        }
        assertThatThrownBy(() -> StoreFixture.Open.of(directory))
                .isInstanceOf(StartFailure.class)
                .hasMessage("reservoir.db: format 9 (expected: at most 1, for a newer version of the server wrote it)");
    }

    @Test
    void aDatabaseThatIsGoneOrIsNoneIsRefused() throws Exception {
        try (StoreFixture.Open open = StoreFixture.Open.of(directory)) {
            StoreFixture.appendDurably(open.store(), List.of(StoreFixture.opened(1, 1)));
        }
        Path database = directory.resolve("reservoir.db");
        Files.writeString(database, "not a database, but long enough to look like one".repeat(100));
        assertThatThrownBy(() -> StoreFixture.Open.of(directory))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith(database + ": [SQLITE_NOTADB]");
        Files.delete(database);
        assertThatThrownBy(() -> StoreFixture.Open.of(directory))
                .isInstanceOf(StartFailure.class)
                .hasMessage(
                        database + ": no such file, though the log was durable up to offset 1 (expected: the database,"
                                + " or a backup of the folder)");
    }

    @Test
    void anotherUsersFolderIsRefused() {
        assertThatThrownBy(() -> DataFolder.checkOwner(directory, 1000, 1001))
                .isInstanceOf(StartFailure.class)
                .hasMessage("data folder: " + directory
                        + ": belongs to user 1000 (expected: a folder of user 1001, as whom this process runs)");
    }

    @Test
    void everyFlippedBitOfTheFolderFileIsFound() throws IOException {
        try (DataFolder folder = DataFolder.open(directory)) {
            folder.identify(IDENTITY);
        }
        Path file = directory.resolve(FolderFile.NAME);
        byte[] sound = Files.readAllBytes(file);
        for (int bit = 0; bit < 8 * sound.length; bit++) {
            byte[] flipped = sound.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, flipped);
            assertThatThrownBy(() -> FolderFile.read(directory)).isInstanceOf(StartFailure.class);
        }
    }

    @Test
    void theNativeLibraryIsUnpackedOnceAndNotIntoTheDirectoryForTemporaryFiles() throws IOException {
        Path path = directory.resolve("data");
        DataFolder folder = DataFolder.open(path);
        SqliteStore.open(folder, StoreFixture.SMALL, new Metrics()).close();
        folder.close();
        Path library = Path.of(System.getProperty("org.sqlite.lib.path"));
        assertThat(library.getFileName().toString()).startsWith("sqlite-3.");
        try (Stream<Path> files = Files.list(library)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactly("libsqlitejdbc.so");
        }
    }
}
