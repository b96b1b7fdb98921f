// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** Turns frames, plain or gzip, into messages of at most a maximum size. Thread-safe. */
final class PayloadReader<Q extends Message> {
    /** The supported encodings, as {@code grpc-accept-encoding} lists them. */
    static final String ENCODINGS = "identity,gzip";

    private final Parser<Q> parser;
    private final int mostBytes;

    /** @param bytes size of the payload after decompression */
    record Read<Q>(Q message, int bytes) {}

    @SuppressWarnings("unchecked")
    PayloadReader(Q prototype, int mostBytes) {
        this.parser = (Parser<Q>) prototype.getParserForType();
        this.mostBytes = mostBytes;
    }

    /** @throws Refused UNIMPLEMENTED if this {@code grpc-encoding} is not supported */
    static void checkEncoding(@Nullable String encoding) {
        if (encoding != null && !encoding.equals("identity") && !encoding.equals("gzip")) {
            throw new Refused(
                    Reason.UNIMPLEMENTED,
                    "grpc-encoding: " + encoding + " (expected: one of " + ENCODINGS + ")",
                    Map.of("field", "grpc-encoding"));
        }
    }

    /**
     * Reads a message.
     *
     * @param encoding of the frames that are compressed
     * @throws Refused INVALID_FIELD, or TOO_LARGE
     */
    Read<Q> read(MessageDeframer.Frame frame, @Nullable String encoding) {
        if (!frame.compressed()) {
            return parse(frame.array(), frame.offset(), frame.length());
        }
        if (!"gzip".equals(encoding)) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: compressed, grpc-encoding " + (encoding == null ? "not given" : encoding)
                            + " (expected: gzip, or messages that are not compressed)",
                    Map.of("field", "grpc-encoding"));
        }
        byte[] inflated = inflate(frame);
        return parse(inflated, 0, inflated.length);
    }

    private Read<Q> parse(byte[] array, int offset, int length) {
        try {
            return new Read<>(parser.parseFrom(array, offset, length), length);
        } catch (InvalidProtocolBufferException e) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: " + length + " bytes that do not parse (expected: the method's request message)",
                    Map.of("field", "message"));
        }
    }

    private byte[] inflate(MessageDeframer.Frame frame) {
        InputStream deflated = new ByteArrayInputStream(frame.array(), frame.offset(), frame.length());
        try (InputStream inflated = new GZIPInputStream(deflated)) {
            byte[] bytes = inflated.readNBytes(mostBytes + 1);
            if (bytes.length > mostBytes) {
                throw new Refused(
                        Reason.TOO_LARGE,
                        "message: more than " + mostBytes + " bytes, decompressed (expected: at most " + mostBytes
                                + ")",
                        Map.of("limit", Integer.toString(mostBytes)));
            }
            return bytes;
        } catch (IOException e) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: " + frame.length() + " bytes that do not decompress (expected: gzip)",
                    Map.of("field", "message"));
        }
    }
}
