// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.export;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.file.SafetensorsInput;
import dev.reservoir.heads.file.SafetensorsOutput;
import dev.reservoir.server.startup.HostPort;
import dev.reservoir.server.startup.StartFailure;
import dev.reservoir.server.substrate.bert.BertModel;
import dev.reservoir.server.substrate.bert.PlainBert;
import dev.reservoir.server.substrate.torch.NativeRuntime;
import dev.reservoir.v1.ExportedHead;
import dev.reservoir.v1.Head;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Writes the substrate, or a head of a running server, as files that plain PyTorch reads. */
@Command(
        name = "export",
        description = {
            "Writes the substrate as a TorchScript file, for torch.jit.load, and beside it its weights as a safetensors"
                    + " file of the same name; f32, with ordinary tensors, for any device.",
            "With --head both are of one head of a running server: the TorchScript file has the head on its substrate"
                    + " and takes rows to scores, the safetensors file has the head's own tensors."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        showDefaultValues = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:Both files are written.",
            "1:The server, the disk or this machine failed, or the server has no such head.",
            "2:An option is wrong."
        })
public final class ExportCommand implements Callable<Integer> {
    private static final String MINILM = "minilm";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "TorchScript file to write, for example minilm.pt; its directory must exist.")
    private @Nullable Path out;

    @Option(
            names = "--substrate",
            paramLabel = "NAME",
            description = "minilm or random:minilm. Default: minilm, or the one of the head's server.")
    private @Nullable String substrate;

    @Option(names = "--head", paramLabel = "NAME", description = "The head to write, tenants/{tenant}/heads/{head}.")
    private @Nullable String head;

    @Option(
            names = "--target",
            paramLabel = "HOST:PORT",
            description = "Where the head's server listens; with --head only. Default: localhost:50051.")
    private @Nullable String target;

    @Option(names = "--force", description = "Replace files that are there.")
    private boolean force;

    @Override
    public Integer call() {
        if (target != null && head == null) {
            throw new IllegalArgumentException("--target: " + target + " (expected: with --head only)");
        }
        if (substrate != null) {
            BertModel.named(substrate);
        }
        HeadName name = head == null ? null : name(head);
        HostPort server = address(target == null ? "localhost:50051" : target);
        String written;
        try (ExportFiles files = ExportFiles.at(Objects.requireNonNull(out), force)) {
            NativeRuntime.prepare(1);
            written = StartFailure.checkingMemory(
                    () -> name == null ? writeSubstrate(files) : writeHead(files, name, server));
            files.keep();
            spec.commandLine().getOut().println("Wrote " + files.text() + ": " + written);
        }
        return 0;
    }

    private String writeSubstrate(ExportFiles files) {
        try (PlainBert plain = PlainBert.open(substrate == null ? MINILM : substrate)) {
            files.write(new SafetensorsOutput(plain.metadata(), plain.tensors()));
            files.writeProgram(plain::writeProgram);
            return String.format("substrate %s, %.1f M parameters", plain.name(), plain.parameters() / 1e6);
        }
    }

    private String writeHead(ExportFiles files, HeadName name, HostPort server) {
        ExportedHead exported = HeadDownload.to(files.tensorsDraft(), name, server);
        Head own = exported.getHead();
        if (substrate != null && !substrate.equals(own.getSubstrate())) {
            throw new IllegalArgumentException(
                    "--substrate: " + substrate + " (expected: " + own.getSubstrate() + ", the head's)");
        }
        SafetensorsInput tensors = read(files.tensorsDraft());
        try (PlainBert plain = PlainBert.open(own.getSubstrate())) {
            files.writeProgram(file -> plain.writeHead(tensors, file));
        }
        return String.format(
                "%s of version %d after %d examples, served %s, on %s",
                name, own.getVersion(), own.getMetrics().getExamples(), exported.getServed(), own.getSubstrate());
    }

    private static SafetensorsInput read(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw new ExportFailure(
                        "head: a file of " + channel.size() + " bytes (expected: at most " + Integer.MAX_VALUE + ")");
            }
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            return SafetensorsInput.of(bytes);
        } catch (IOException e) {
            throw new ExportFailure(file + " could not be read: " + e, e);
        }
    }

    private static HostPort address(String text) {
        try {
            return HostPort.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--target: " + e.getMessage(), e);
        }
    }

    private static HeadName name(String text) {
        try {
            return HeadName.parse(text);
        } catch (Refused refused) {
            throw new IllegalArgumentException("--head: " + refused.getMessage(), refused);
        }
    }
}
