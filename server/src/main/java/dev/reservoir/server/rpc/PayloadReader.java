package dev.reservoir.server.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.buffer.Buffer;
import io.vertx.grpc.common.GrpcMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** Makes messages of what the transport brings, plain or gzip, within the bound of a message. Thread-safe. */
final class PayloadReader<Q extends Message> {
    /** @param bytes size of the payload as parsed */
    record Read<Q>(Q message, int bytes) {}

    private final Parser<Q> parser;
    private final int mostBytes;

    @SuppressWarnings("unchecked")
    PayloadReader(Q prototype, int mostBytes) {
        this.parser = (Parser<Q>) prototype.getParserForType();
        this.mostBytes = mostBytes;
    }

    /** @throws Refused INVALID_FIELD, or TOO_LARGE */
    Read<Q> read(GrpcMessage message) {
        byte[] payload = payload(message);
        try {
            return new Read<>(parser.parseFrom(payload), payload.length);
        } catch (InvalidProtocolBufferException e) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: " + payload.length + " bytes that do not parse (expected: the method's request message)",
                    Map.of("field", "message"));
        }
    }

    Refused tooLarge() {
        return new Refused(
                Reason.TOO_LARGE,
                "message: more than " + mostBytes + " bytes (expected: at most " + mostBytes + ")",
                Map.of("limit", Integer.toString(mostBytes)));
    }

    private byte[] payload(GrpcMessage message) {
        Buffer buffer = message.payload();
        if (message.encoding().equals("identity")) {
            return buffer.getBytes();
        }
        if (!message.encoding().equals("gzip")) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "grpc-encoding: " + message.encoding() + " (expected: identity or gzip)",
                    Map.of("field", "grpc-encoding"));
        }
        try (InputStream inflated = new GZIPInputStream(new ByteArrayInputStream(buffer.getBytes()))) {
            byte[] bytes = inflated.readNBytes(mostBytes + 1);
            if (bytes.length > mostBytes) {
                throw tooLarge();
            }
            return bytes;
        } catch (IOException e) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "message: " + buffer.length() + " bytes that do not decompress (expected: gzip)",
                    Map.of("field", "message"));
        }
    }
}
