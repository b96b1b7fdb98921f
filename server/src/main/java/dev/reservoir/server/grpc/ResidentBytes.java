package dev.reservoir.server.grpc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Resident bytes of this process as Linux tells them; 0 on other systems. */
final class ResidentBytes implements LongSupplier {
    private static final Pattern LINE = Pattern.compile("VmRSS:\\s+(\\d+) kB");

    private final Path status;

    ResidentBytes(Path status) {
        this.status = status;
    }

    @Override
    public long getAsLong() {
        try {
            Matcher matcher = LINE.matcher(Files.readString(status));
            return matcher.find() ? Long.parseLong(matcher.group(1)) << 10 : 0;
        } catch (IOException e) {
            return 0;
        }
    }
}
