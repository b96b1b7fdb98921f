// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a data folder to one process, and within it to one owner. The operating system lets go of the lock when the
 * process ends, however it ends.
 */
final class FolderLock implements AutoCloseable {
    static final String NAME = "lock";

    /**
     * The folders that this process has locked. The operating system's locks belong to the process as a whole, and
     * closing <em>any</em> channel on the file lets go of them; so the file must not be opened a second time, and only
     * something of the process as a whole can know.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /** @throws StartFailure if the folder is locked, or cannot be */
    static FolderLock take(Path folder) {
        try {
            Path real = folder.toRealPath();
            if (!HELD.add(real)) {
                throw inUse(folder, "this process", null);
            }
            try {
                return new FolderLock(real, locked(real));
            } catch (IOException | RuntimeException e) {
                HELD.remove(real);
                throw e;
            }
        } catch (IOException e) {
            throw new StartFailure(
                    "data folder: " + folder + ": cannot be locked: " + StartFailure.reason(e)
                            + " (expected: a folder on a local disk that this user may write)",
                    e);
        }
    }

    private static FileChannel locked(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw inUse(folder, holder(file), null);
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(
                    ("process " + ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8)));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static String holder(Path file) throws IOException {
        String holder = Files.readString(file).strip();
        return holder.isEmpty() ? "another process" : holder;
    }

    private static StartFailure inUse(Path folder, String holder, @Nullable Throwable cause) {
        return new StartFailure(
                "data folder: " + folder + ": in use by " + holder
                        + " (expected: a folder that no other server uses; --data names another)",
                cause);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new IllegalStateException(folder + ": the lock could not be closed", e);
        } finally {
            HELD.remove(folder);
        }
    }
}
