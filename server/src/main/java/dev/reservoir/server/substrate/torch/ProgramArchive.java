// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs TorchScript source into the archive that libtorch loads, so that no Python is needed.
 *
 * <p>The archive is a zip of the source, a version, no constants and one pickled object: an instance of the main
 * module's last class, whose declared attributes start as false, 0, 0.0, an empty text, list or map, or an instance of
 * another module's last class. Entries are stored without a time, so equal sources give equal bytes.
 */
final class ProgramArchive {
    private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+)\\(Module\\):$");
    private static final Pattern ATTRIBUTE = Pattern.compile("(?m)^  (\\w+) : (.+)$");

    // Opcodes of Python's pickle, protocol 2.
    private static final byte[] HEAD = {(byte) 0x80, 2};
    private static final byte[] NEW_OBJECT = {')', (byte) 0x81, '}', '('};
    private static final byte[] BUILD = {'u', 'b'};
    private static final byte[] EMPTY_TUPLE_AND_STOP = {')', '.'};

    private ProgramArchive() {}

    static byte[] of(ProgramSource source) {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(archive)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "program/data.pkl", object(source));
            for (Map.Entry<String, String> module : source.modules().entrySet()) {
                String path = (ProgramSource.ROOT + module.getKey()).replace('.', '/');
                put(zip, "program/code/" + path + ".py", module.getValue().getBytes(StandardCharsets.UTF_8));
            }
            put(zip, "program/constants.pkl", join(HEAD, EMPTY_TUPLE_AND_STOP));
            put(zip, "program/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return archive.toByteArray();
    }

    private static byte[] object(ProgramSource source) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(HEAD);
        putObject(out, source.main(), source.modules());
        out.write('.');
        return out.toByteArray();
    }

    private static void putObject(ByteArrayOutputStream out, String module, Map<String, String> modules) {
        String source = modules.getOrDefault(module, "");
        String name = "";
        String body = "";
        Matcher classes = CLASS.matcher(source);
        while (classes.find()) {
            name = classes.group(1);
            body = source.substring(classes.end());
        }
        if (name.isEmpty()) {
            throw new IllegalArgumentException("module " + module + ": no class (expected: one that is a Module)");
        }
        String global = "c" + ProgramSource.ROOT + module + "\n" + name + "\n";
        out.writeBytes(global.getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(NEW_OBJECT);
        Matcher attributes = ATTRIBUTE.matcher(body);
        while (attributes.find()) {
            byte[] attribute = attributes.group(1).getBytes(StandardCharsets.US_ASCII);
            out.writeBytes(new byte[] {'X', (byte) attribute.length, 0, 0, 0});
            out.writeBytes(attribute);
            String type = attributes.group(2);
            if (type.startsWith(ProgramSource.ROOT)) {
                putObject(out, type.substring(ProgramSource.ROOT.length(), type.lastIndexOf('.')), modules);
            } else {
                out.writeBytes(initial(type));
            }
        }
        out.writeBytes(BUILD);
    }

    private static byte[] initial(String type) {
        if (type.startsWith("List[")) {
            return new byte[] {']'};
        }
        return switch (type) {
            case "bool" -> new byte[] {(byte) 0x89};
            case "int" -> new byte[] {'K', 0};
            case "float" -> new byte[] {'G', 0, 0, 0, 0, 0, 0, 0, 0};
            case "str" -> new byte[] {'X', 0, 0, 0, 0};
            case "Dict[str, Tensor]" -> new byte[] {'}'};
            default ->
                throw new IllegalArgumentException("attribute of type " + type
                        + " (expected: bool, int, float, str, a list, Dict[str, Tensor] or a module's class)");
        };
    }

    private static byte[] join(byte[] first, byte[] second) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(first);
        out.writeBytes(second);
        return out.toByteArray();
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0);
        entry.setSize(bytes.length);
        entry.setCompressedSize(bytes.length);
        entry.setCrc(sum.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }
}
