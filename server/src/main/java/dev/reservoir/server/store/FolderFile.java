// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file that makes a folder a data folder: its format, its keys and its identity, as lines of text with a checksum.
 *
 * @param digestKey 16 random bytes that key the digests of shared parts
 * @param identity absent until the server has run for the first time
 */
record FolderFile(byte[] digestKey, @Nullable FolderIdentity identity) {
    static final String NAME = "reservoir-folder";
    static final int FORMAT = 1;
    private static final int KEY_BYTES = 16;

    /** @throws StartFailure if the file cannot be read, is damaged, or was written by a newer version */
    static FolderFile read(Path folder) {
        Path file = folder.resolve(NAME);
        try {
            return parse(file, Files.readString(file));
        } catch (IOException e) {
            throw new StartFailure(file + ": " + StartFailure.reason(e) + " (expected: a readable file)", e);
        }
    }

    private static FolderFile parse(Path file, String text) {
        Map<String, String> values = new TreeMap<>();
        text.lines().forEach(line -> {
            int colon = line.indexOf(": ");
            values.put(colon < 0 ? line : line.substring(0, colon), colon < 0 ? "" : line.substring(colon + 2));
        });
        String format = values.getOrDefault("format", "");
        if (format.matches("[1-9][0-9]{0,8}") && Integer.parseInt(format) > FORMAT) {
            throw new StartFailure(file + ": format " + format + " (expected: at most " + FORMAT
                    + ", for a newer version of the server wrote this data folder)");
        }
        String checksum = values.remove("crc32c");
        FolderFile read;
        try {
            String identity = values.get("substrate");
            read = new FolderFile(
                    HexFormat.of().parseHex(values.getOrDefault("digest-key", "")),
                    identity == null
                            ? null
                            : new FolderIdentity(
                                    identity,
                                    values.getOrDefault("substrate-digest", ""),
                                    values.getOrDefault("precision", ""),
                                    values.getOrDefault("numerics", "")));
        } catch (IllegalArgumentException e) {
            throw damaged(file, e);
        }
        if (!read.text().equals(text) || checksum == null || read.digestKey.length != KEY_BYTES) {
            throw damaged(file, null);
        }
        return read;
    }

    private static StartFailure damaged(Path file, @Nullable Throwable cause) {
        return new StartFailure(file + ": damaged (expected: the file as the server wrote it)", cause);
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        text.append("format: ").append(FORMAT).append('\n');
        text.append("digest-key: ").append(HexFormat.of().formatHex(digestKey)).append('\n');
        if (identity != null) {
            text.append("substrate: ").append(identity.substrate()).append('\n');
            text.append("substrate-digest: ").append(identity.substrateDigest()).append('\n');
            text.append("precision: ").append(identity.precision()).append('\n');
            text.append("numerics: ").append(identity.numerics()).append('\n');
        }
        CRC32C crc = new CRC32C();
        crc.update(text.toString().getBytes(StandardCharsets.UTF_8));
        text.append("crc32c: ")
                .append(HexFormat.of().toHexDigits((int) crc.getValue()))
                .append('\n');
        return text.toString();
    }

    /** Writes the file as a whole: after a crash it is the old one or the new one. */
    void write(Path folder) throws IOException {
        Path temporary = folder.resolve(NAME + ".tmp");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap(text().getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(temporary, folder.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
        sync(folder);
    }

    /** Makes the names in a folder durable. */
    static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
