// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest;

import dev.reservoir.loadtest.bench.BenchCommand;
import dev.reservoir.loadtest.demo.DemoCommand;
import dev.reservoir.loadtest.eval.EvalCommand;
import dev.reservoir.loadtest.eval.FptCommand;
import dev.reservoir.loadtest.report.Terminal;
import dev.reservoir.loadtest.workload.Workloads;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** {@code java -jar reservoir-loadtest.jar}: wires the subcommands and ends with their exit code. */
@Command(
        name = "reservoir-loadtest",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        usageHelpAutoWidth = true,
        synopsisHeading = "%n",
        customSynopsis = "Usage: reservoir-loadtest COMMAND [OPTION]...",
        optionListHeading = "%nOptions:%n",
        header = "Drives a Reservoir server from outside, over gRPC.",
        commandListHeading = "%nCommands:%n",
        footer = {"", "COMMAND --help lists a command's options."})
public final class ReservoirLoadtest {
    private ReservoirLoadtest() {}

    public static void main(String[] arguments) {
        // Pictures are drawn into files, never on a screen.
        System.setProperty("java.awt.headless", "true");
        PrintStream out = System.out;
        CommandLine commands = new CommandLine(new ReservoirLoadtest())
                .addSubcommand(new DemoCommand(Workloads::demo, Terminal.here(), out, System.err, home()))
                .addSubcommand(new BenchCommand(Terminal.here(), out, System.err, home()))
                .addSubcommand(new CommandLine(new EvalCommand())
                        .addSubcommand(new FptCommand(Terminal.here(), out, System.err, home())));
        commands.setParameterExceptionHandler(ReservoirLoadtest::explain);
        if (arguments.length == 0) {
            commands.usage(System.err);
            System.exit(CommandLine.ExitCode.USAGE);
        }
        System.exit(commands.execute(arguments));
    }

    /** One line instead of the whole help: the message says what was expected. */
    private static int explain(ParameterException wrong, String[] arguments) {
        CommandLine command = wrong.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        command.getErr().println(name + ": " + wrong.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(wrong, command.getErr());
        command.getErr().println("Try '" + name + " --help'.");
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    /** The folder of this program's jar. */
    private static Path home() {
        try {
            Path code = Path.of(ReservoirLoadtest.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path folder = code.getParent();
            return folder == null ? code : folder;
        } catch (URISyntaxException e) {
            throw new IllegalStateException("location of this program: " + e.getInput(), e);
        }
    }
}
