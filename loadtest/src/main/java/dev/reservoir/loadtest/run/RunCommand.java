// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.run;

import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.ServerStartException;
import dev.reservoir.loadtest.report.Terminal;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * A subcommand that uses a server. A run that fails exits with code {@value #RUN_BROKE} and reports the reason on the
 * error stream, after everything else that it printed.
 */
public abstract class RunCommand implements Callable<Integer> {
    private static final int RUN_BROKE = 3;

    protected final Terminal terminal;
    protected final PrintStream out;
    /** Folder of this program's jar. */
    protected final Path home;

    private final String name;
    private final PrintStream err;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    /** @param name prefix of the line that reports why a run failed */
    protected RunCommand(String name, Terminal terminal, PrintStream out, PrintStream err, Path home) {
        this.name = name;
        this.terminal = terminal;
        this.out = out;
        this.err = err;
        this.home = home;
    }

    /**
     * Checks the options, then runs to completion.
     *
     * @return the exit code
     * @throws ParameterException if an option is invalid
     * @throws RunFailure if the run failed
     * @throws ServerStartException if the server did not start
     * @throws IOException if a file could not be written
     */
    protected abstract int run() throws IOException, InterruptedException;

    @Override
    public final Integer call() {
        try {
            return run();
        } catch (RunFailure | ServerStartException e) {
            return broken(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            return broken("a file could not be written: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return broken("interrupted");
        }
    }

    /** Ends the command as wrong usage unless {@code valid}. */
    protected final void check(boolean valid, String message) {
        if (!valid) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    /** @param target value of {@code --target}; null if a server is to be started */
    protected final void checkTarget(@Nullable String target) {
        if (target == null) {
            return;
        }
        try {
            ReservoirClient.connect(target, Duration.ofSeconds(1)).close();
        } catch (IllegalArgumentException e) {
            check(false, "--" + e.getMessage());
        }
    }

    /**
     * The server to start, an existing file.
     *
     * @param named value of {@code --server-jar}; null for the server of the same build
     * @param instead what can be given if there is none, and by which options
     */
    protected final Path serverJar(@Nullable Path named, String instead) {
        Path jar = named != null
                ? named
                : home.resolve("../../server/target/reservoir-server.jar").normalize();
        check(
                Files.isRegularFile(jar),
                (named != null ? "--server-jar: " : "the server: ") + jar
                        + " (expected: a jar; build the project, or name " + instead + ")");
        return jar;
    }

    private int broken(String why) {
        out.flush();
        err.println();
        err.println(name + ": " + why);
        return RUN_BROKE;
    }
}
