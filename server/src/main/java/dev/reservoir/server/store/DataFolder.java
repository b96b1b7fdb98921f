// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder in which a server keeps what it must not lose. One process at a time has it open. Not thread-safe.
 *
 * <p>A new folder gets the permissions of its owner alone. It is a data folder from the moment at which the file
 * {@code reservoir-folder} is in it; a crash before that leaves a folder that the next start takes for a new one.
 */
public final class DataFolder implements AutoCloseable {
    private static final int KEY_BYTES = 16;
    /** What may lie in a folder that is new to the server: our own beginnings, and what mkfs leaves. */
    private static final Set<String> BEGINNINGS = Set.of(FolderLock.NAME, FolderFile.NAME + ".tmp", "lost+found");

    private static final FileAttribute<Set<PosixFilePermission>> OWN =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path path;
    private final FolderLock lock;
    private final boolean created;
    private FolderFile file;

    private DataFolder(Path path, FolderLock lock, boolean created, FolderFile file) {
        this.path = path;
        this.lock = lock;
        this.created = created;
        this.file = file;
    }

    /**
     * Opens a data folder, or makes one of a folder that is empty or not there, and locks it.
     *
     * @throws StartFailure if that cannot be: not a folder, another user's, read-only, in use, without locks, of a
     *     newer format, damaged, or full of other things
     */
    public static DataFolder open(Path path) {
        create(path);
        checkOwner(path);
        FolderLock lock = FolderLock.take(path);
        try {
            boolean created = !Files.exists(path.resolve(FolderFile.NAME));
            if (created) {
                checkEmpty(path);
                newFile(null, randomKey()).write(path);
            }
            return new DataFolder(path, lock, created, FolderFile.read(path));
        } catch (IOException e) {
            lock.close();
            throw unusable(path, StartFailure.reason(e), "a folder that this user may write", e);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private static void create(Path path) {
        try {
            if (!Files.exists(path)) {
                Path absolute = path.toAbsolutePath();
                Path parent = absolute.getParent();
                if (parent != null) {
                    Files.createDirectories(parent);
                }
                Files.createDirectory(absolute, OWN);
                if (parent != null) {
                    FolderFile.sync(parent);
                }
            }
        } catch (IOException e) {
            throw unusable(path, StartFailure.reason(e), "a folder that can be made", e);
        }
        if (!Files.isDirectory(path)) {
            throw unusable(path, "not a folder", "a folder", null);
        }
    }

    private static void checkOwner(Path path) {
        try {
            Object owner = Files.getAttribute(path, "unix:uid");
            Object user = Files.getAttribute(Path.of("/proc/self"), "unix:uid", LinkOption.NOFOLLOW_LINKS);
            checkOwner(path, owner, user);
        } catch (IOException e) {
            throw unusable(path, StartFailure.reason(e), "a folder that this user may read", e);
        }
    }

    static void checkOwner(Path path, Object owner, Object user) {
        if (!owner.equals(user)) {
            throw unusable(
                    path, "belongs to user " + owner, "a folder of user " + user + ", as whom this process runs", null);
        }
    }

    private static void checkEmpty(Path path) throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            List<String> others = entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> !BEGINNINGS.contains(name))
                    .sorted()
                    .toList();
            if (!others.isEmpty()) {
                throw unusable(
                        path,
                        "not a data folder, for there is no " + FolderFile.NAME + " but " + others.get(0) + " in it",
                        "an empty folder, or one that the server made",
                        null);
            }
        }
    }

    private static FolderFile newFile(@Nullable FolderIdentity identity, byte[] key) {
        return new FolderFile(key, identity);
    }

    private static byte[] randomKey() {
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return key;
    }

    private static StartFailure unusable(Path path, String found, String expected, @Nullable Throwable cause) {
        return new StartFailure("data folder: " + path + ": " + found + " (expected: " + expected + ")", cause);
    }

    public Path path() {
        return path;
    }

    /** Whether this call of {@link #open} made it. */
    public boolean created() {
        return created;
    }

    /** What its heads were made on; empty until {@link #identify} was called for the first time. */
    public Optional<FolderIdentity> identity() {
        return Optional.ofNullable(file.identity());
    }

    /**
     * Stores what its heads are made on, durably.
     *
     * @throws StartFailure if it cannot be written
     */
    public void identify(FolderIdentity identity) {
        FolderFile changed = newFile(identity, file.digestKey());
        try {
            changed.write(path);
        } catch (IOException e) {
            throw unusable(path, StartFailure.reason(e), "a folder that this user may write", e);
        }
        file = changed;
    }

    /** The 16 bytes that key the digests of shared parts. They never change. */
    public byte[] digestKey() {
        return file.digestKey().clone();
    }

    /** Unlocks it. What is in it must be closed before. */
    @Override
    public void close() {
        lock.close();
    }
}
