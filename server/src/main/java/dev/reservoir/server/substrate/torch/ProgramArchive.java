package dev.reservoir.server.substrate.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs TorchScript source into the archive that libtorch loads, so that no Python is needed.
 *
 * <p>The archive is a zip of the source, a version, no constants and one pickled object: an instance of the source's last class, whose declared
 * attributes start as false, 0, 0.0, an empty text, list or map, or an instance of a class before it. Entries are stored without a time, so
 * equal sources give equal bytes.
 */
final class ProgramArchive {
    private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+)\\(Module\\):$");
    private static final Pattern ATTRIBUTE = Pattern.compile(
            "(?m)^  (\\w+) : (bool|int|float|str|List\\[Tensor]|List\\[str]|Dict\\[str, Tensor]|__torch__\\.\\w+)$");
    private static final String OWN_CLASS = "__torch__.";

    // Opcodes of Python's pickle, protocol 2.
    private static final byte[] HEAD = {(byte) 0x80, 2};
    private static final byte[] NEW_OBJECT = {')', (byte) 0x81, '}', '('};
    private static final byte[] BUILD = {'u', 'b'};
    private static final byte[] EMPTY_TUPLE_AND_STOP = {')', '.'};

    private ProgramArchive() {}

    static byte[] of(String source) {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(archive)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "program/data.pkl", object(source));
            put(zip, "program/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
            put(zip, "program/constants.pkl", join(HEAD, EMPTY_TUPLE_AND_STOP));
            put(zip, "program/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return archive.toByteArray();
    }

    private static byte[] object(String source) {
        Map<String, String> bodies = new LinkedHashMap<>();
        Matcher classes = CLASS.matcher(source);
        String last = "";
        int body = 0;
        while (classes.find()) {
            bodies.put(last, source.substring(body, classes.start()));
            last = classes.group(1);
            body = classes.end();
        }
        bodies.put(last, source.substring(body));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(HEAD);
        putObject(out, last, bodies);
        out.write('.');
        return out.toByteArray();
    }

    private static void putObject(ByteArrayOutputStream out, String name, Map<String, String> bodies) {
        String body = bodies.get(name);
        if (body == null || name.isEmpty()) {
            throw new IllegalArgumentException("class: \"" + name + "\" (expected: one of the source's)");
        }
        out.writeBytes(("c__torch__\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(NEW_OBJECT);
        Matcher attributes = ATTRIBUTE.matcher(body);
        while (attributes.find()) {
            byte[] attribute = attributes.group(1).getBytes(StandardCharsets.US_ASCII);
            out.writeBytes(new byte[] {'X', (byte) attribute.length, 0, 0, 0});
            out.writeBytes(attribute);
            String type = attributes.group(2);
            if (type.startsWith(OWN_CLASS)) {
                putObject(out, type.substring(OWN_CLASS.length()), bodies);
            } else {
                out.writeBytes(initial(type));
            }
        }
        out.writeBytes(BUILD);
    }

    private static byte[] initial(String type) {
        return switch (type) {
            case "bool" -> new byte[] {(byte) 0x89};
            case "int" -> new byte[] {'K', 0};
            case "float" -> new byte[] {'G', 0, 0, 0, 0, 0, 0, 0, 0};
            case "str" -> new byte[] {'X', 0, 0, 0, 0};
            case "Dict[str, Tensor]" -> new byte[] {'}'};
            default -> new byte[] {']'};
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
