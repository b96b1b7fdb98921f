// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.export;

import dev.reservoir.heads.file.SafetensorsOutput;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The two files of an export: written under temporary names in the folder of their destinations, and renamed once both
 * are complete. Closing deletes what was not moved.
 */
final class ExportFiles implements AutoCloseable {
    private static final String TENSORS = ".safetensors";
    private static final int PIECE_BYTES = 1 << 20;

    private final Path program;
    private final Path tensors;
    private final Path programDraft;
    private final Path tensorsDraft;

    private ExportFiles(Path program, Path tensors, Path programDraft, Path tensorsDraft) {
        this.program = program;
        this.tensors = tensors;
        this.programDraft = programDraft;
        this.tensorsDraft = tensorsDraft;
    }

    /**
     * Creates the temporary files.
     *
     * @param out the program's; the tensors' has the same name with another ending
     * @param force whether existing files may be replaced
     * @throws IllegalArgumentException if they cannot or must not be written
     */
    static ExportFiles at(Path out, boolean force) {
        String name = out.getFileName() == null ? "" : out.getFileName().toString();
        check(!name.isEmpty() && !Files.isDirectory(out), out, "a file, for example minilm.pt");
        check(!name.endsWith(TENSORS), out, "another ending: the file of that ending is written beside it");
        Path directory = out.toAbsolutePath().normalize().getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw wrong(out, "a file in a directory that exists");
        }
        int dot = name.lastIndexOf('.');
        Path program = directory.resolve(name);
        Path tensors = directory.resolve((dot > 0 ? name.substring(0, dot) : name) + TENSORS);
        check(!Files.isDirectory(tensors), tensors, "no directory of that name");
        for (Path file : new Path[] {program, tensors}) {
            check(force || !Files.exists(file), file, "a file that is not there yet, or --force");
        }
        try {
            return new ExportFiles(program, tensors, draft(program), draft(tensors));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "--out: " + out + " (expected: a directory that can be written to; " + e + ")", e);
        }
    }

    /** Creates an empty hidden file in the same folder, with the user's default permissions. */
    private static Path draft(Path file) throws IOException {
        String name = "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part";
        return Files.createFile(file.resolveSibling(name));
    }

    private static void check(boolean holds, Path met, String expected) {
        if (!holds) {
            throw wrong(met, expected);
        }
    }

    private static IllegalArgumentException wrong(Path met, String expected) {
        return new IllegalArgumentException("--out: " + met + " (expected: " + expected + ")");
    }

    /** The temporary file of the tensors. */
    Path tensorsDraft() {
        return tensorsDraft;
    }

    /** Writes the tensors to their temporary file. */
    void write(SafetensorsOutput file) {
        try (OutputStream out = Files.newOutputStream(tensorsDraft)) {
            for (byte[] piece = file.next(PIECE_BYTES); piece.length > 0; piece = file.next(PIECE_BYTES)) {
                out.write(piece);
            }
        } catch (IOException e) {
            throw failed(tensors, e);
        }
    }

    /** Writes the program to its temporary file. */
    void writeProgram(Consumer<OutputStream> writer) {
        try (Checked out = new Checked(Files.newOutputStream(programDraft))) {
            writer.accept(out);
            out.throwFailure();
        } catch (IOException e) {
            throw failed(program, e);
        }
    }

    /** Moves both to their destinations. */
    void keep() {
        try {
            Files.move(tensorsDraft, tensors, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            Files.move(programDraft, program, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failed(program, e);
        }
    }

    /** The two names and sizes, in one line for a person. */
    String text() {
        try {
            return String.format(
                    "%s (%.1f MB) and %s (%.1f MB)",
                    program, Files.size(program) / 1e6, tensors, Files.size(tensors) / 1e6);
        } catch (IOException e) {
            throw failed(program, e);
        }
    }

    private static ExportFailure failed(Path file, IOException cause) {
        return new ExportFailure(file + " could not be written: " + cause, cause);
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(programDraft);
            Files.deleteIfExists(tensorsDraft);
        } catch (IOException e) {
            throw failed(programDraft, e);
        }
    }

    /** Remembers a failure, because native code that writes to the stream does not report it. */
    private static final class Checked extends OutputStream {
        private final OutputStream out;
        private @Nullable IOException failure;

        Checked(OutputStream file) {
            out = new BufferedOutputStream(file, PIECE_BYTES);
        }

        @Override
        public void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) {
            if (failure != null) {
                return;
            }
            try {
                out.write(bytes, from, count);
            } catch (IOException e) {
                failure = e;
            }
        }

        void throwFailure() throws IOException {
            if (failure != null) {
                throw failure;
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
