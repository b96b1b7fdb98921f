// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.server.export.ExportCommand;
import dev.reservoir.server.export.ExportFailure;
import dev.reservoir.server.startup.StartFailure;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;

/** The entry point of the command line. */
@Command(
        name = "reservoir-server",
        description = "One frozen transformer, many heads trained online and served over gRPC streams.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ServeCommand.class, ExportCommand.class, CommandLine.HelpCommand.class})
public final class ReservoirServer {
    private ReservoirServer() {}

    public static void main(String[] args) {
        int exitCode = 1;
        try {
            exitCode = commandLine().execute(args);
        } finally {
            // After an Error too: threads that were started must not keep the process alive.
            System.exit(exitCode);
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new ReservoirServer())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(ReservoirServer::explain)
                .setExecutionExceptionHandler(ReservoirServer::explain);
    }

    /** A command line that cannot be parsed is reported in one line too. */
    private static int explain(CommandLine.ParameterException problem, String[] args) {
        CommandLine command = problem.getCommandLine();
        String message = problem.getMessage();
        if (problem.getArgSpec() instanceof OptionSpec option && problem.getValue() != null) {
            boolean whole = option.type() == int.class || option.type() == long.class;
            if (whole || option.type() == double.class) {
                message = option.longestName() + ": " + problem.getValue() + " (expected: "
                        + (whole ? "a whole number" : "a number") + ")";
            }
        }
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(command.getCommandName() + ": " + message + "; see " + name + " --help");
        return CommandLine.ExitCode.USAGE;
    }

    /** A failure that the user can fix is reported in one line; a defect keeps its stack trace. */
    private static int explain(Exception problem, CommandLine command, CommandLine.ParseResult parsed)
            throws Exception {
        boolean wrongOption = problem instanceof IllegalArgumentException;
        if (wrongOption || problem instanceof StartFailure || problem instanceof ExportFailure) {
            command.getErr().println(command.getCommandName() + ": " + problem.getMessage());
            return wrongOption ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
        }
        throw problem;
    }
}
