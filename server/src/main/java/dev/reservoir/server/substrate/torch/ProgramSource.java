package dev.reservoir.server.substrate.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The TorchScript source of a program.
 *
 * @param name what messages call it
 * @param text the source, whose last class is the program
 */
public record ProgramSource(String name, String text) {

    /**
     * Reads a program from a resource beside a class.
     *
     * @throws IllegalStateException if the resource is not on the class path
     */
    public static ProgramSource of(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(
                        "program " + resource + ": not on the class path (expected: beside " + owner.getName() + ")");
            }
            return new ProgramSource(resource, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Joins sources; the result has the last one's name and program. */
    public static ProgramSource join(List<ProgramSource> sources) {
        String text =
                String.join("\n", sources.stream().map(ProgramSource::text).toList());
        return new ProgramSource(sources.get(sources.size() - 1).name(), text);
    }
}
