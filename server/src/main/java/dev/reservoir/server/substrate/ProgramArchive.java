package dev.reservoir.server.substrate;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs TorchScript source into the archive that libtorch loads, so that no Python is needed.
 *
 * <p>The archive is a zip of the source, a version, no constants and one pickled object: an instance of the class {@code Program} whose declared
 * attributes start as false, 0, 0.0 or an empty list. Entries are stored without a time, so equal sources give equal bytes.
 */
final class ProgramArchive {
    private static final Pattern ATTRIBUTE = Pattern.compile("(?m)^  (\\w+) : (bool|int|float|List\\[Tensor])$");

    // Opcodes of Python's pickle, protocol 2.
    private static final byte[] HEAD = {(byte) 0x80, 2};
    private static final byte[] NEW_OBJECT = {')', (byte) 0x81, '}', '('};
    private static final byte[] BUILD_AND_STOP = {'u', 'b', '.'};
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
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(HEAD);
        out.writeBytes("c__torch__\nProgram\n".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(NEW_OBJECT);
        Matcher attributes = ATTRIBUTE.matcher(source);
        while (attributes.find()) {
            byte[] name = attributes.group(1).getBytes(StandardCharsets.US_ASCII);
            out.writeBytes(new byte[] {'X', (byte) name.length, 0, 0, 0});
            out.writeBytes(name);
            out.writeBytes(initial(attributes.group(2)));
        }
        out.writeBytes(BUILD_AND_STOP);
        return out.toByteArray();
    }

    private static byte[] initial(String type) {
        return switch (type) {
            case "bool" -> new byte[] {(byte) 0x89};
            case "int" -> new byte[] {'K', 0};
            case "float" -> new byte[] {'G', 0, 0, 0, 0, 0, 0, 0, 0};
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
