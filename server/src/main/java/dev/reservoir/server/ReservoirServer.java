package dev.reservoir.server;

import dev.reservoir.server.export.ExportCommand;
import dev.reservoir.server.export.ExportFailure;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line. */
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
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new ReservoirServer())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(ReservoirServer::explain);
    }

    /** A user's mistake is one line; a defect keeps its stack. */
    private static int explain(Exception problem, CommandLine command, CommandLine.ParseResult parsed)
            throws Exception {
        if (problem instanceof IllegalArgumentException || problem instanceof StartFailure) {
            command.getErr().println(command.getCommandName() + ": " + problem.getMessage());
            return 2;
        }
        if (problem instanceof ExportFailure) {
            command.getErr().println(command.getCommandName() + ": " + problem.getMessage());
            return 1;
        }
        throw problem;
    }
}
