// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import com.google.rpc.Status;
import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes the reply of one call: headers, messages, trailers.
 *
 * <p>Messages wait until {@link #flush} and then leave in one write: Vert.x flushes the socket after every write, and a
 * system call costs more than a small message.
 *
 * <p>Trailers are handed to Vert.x only once the last message is on the wire. Vert.x 5.0 writes them with a promise
 * that nobody listens to; if the stream is reset while they wait behind a message, that promise's failure reaches the
 * end of the channel's pipeline and closes the connection with every call on it. Messages are written with promises of
 * their own, so their failure concerns only their call. Not thread-safe: confined to the call's context.
 */
final class ReplyWriter {
    private static final String CONTENT_TYPE = "content-type";
    private static final String GRPC = "application/grpc";
    private static final String HEX = "0123456789ABCDEF";
    /** Messages of this size together do not wait any longer: the payload of one HTTP/2 frame. */
    private static final int WAITING_BYTES = 16 << 10;

    private final HttpServerResponse response;
    private final Runnable failed;
    private final List<Message> waiting = new ArrayList<>();
    private long waitingBytes;
    private @Nullable Future<Void> lastWrite;

    /** @param failed runs if a message does not reach the wire, perhaps more than once */
    ReplyWriter(HttpServerResponse response, Runnable failed) {
        this.response = response;
        this.failed = failed;
    }

    /** Whether the client reads as fast as messages are written. */
    boolean writable() {
        return !response.writeQueueFull();
    }

    /** Adds a message, to be written by the next {@link #flush} at the latest. */
    void write(Message message) {
        waiting.add(message);
        waitingBytes += MessageDeframer.PREFIX_BYTES + message.getSerializedSize();
        if (waitingBytes >= WAITING_BYTES) {
            flush();
        }
    }

    /** Writes the messages that wait, if any; those that cannot be serialised are lost. */
    void flush() {
        if (waiting.isEmpty()) {
            return;
        }
        Buffer framed;
        try {
            framed = frame(waiting, waitingBytes);
        } finally {
            waiting.clear();
            waitingBytes = 0;
        }
        if (!response.headWritten()) {
            response.putHeader(CONTENT_TYPE, GRPC);
        }
        lastWrite = response.write(framed).onFailure(unused -> failed.run());
    }

    /**
     * Ends the reply after its last message.
     *
     * @param ended runs once: when the trailers are written, or cannot be any more
     */
    void end(Status status, Runnable ended) {
        flush();
        Future<Void> last = lastWrite;
        if (last == null) {
            writeTrailers(status);
            ended.run();
            return;
        }
        last.onComplete(
                unused -> {
                    writeTrailers(status);
                    ended.run();
                },
                unused -> ended.run());
    }

    /** Aborts the reply. */
    void reset(Http2Error code) {
        response.reset(code.code);
    }

    private void writeTrailers(Status status) {
        if (response.closed() || response.ended()) {
            return;
        }
        // A call that fails before its first message needs one block of headers only.
        boolean failedAtOnce = !response.headWritten() && status.getCode() != Code.OK_VALUE;
        if (!response.headWritten()) {
            response.putHeader(CONTENT_TYPE, GRPC);
        }
        putStatus(failedAtOnce ? response.headers() : response.trailers(), status);
        response.end();
    }

    private static void putStatus(MultiMap trailers, Status status) {
        trailers.set("grpc-status", Integer.toString(status.getCode()));
        if (!status.getMessage().isEmpty()) {
            trailers.set("grpc-message", percentEncoded(status.getMessage()));
        }
        if (status.getDetailsCount() > 0) {
            trailers.set(
                    "grpc-status-details-bin",
                    Base64.getEncoder().withoutPadding().encodeToString(status.toByteArray()));
        }
        if (status.getCode() == Code.UNIMPLEMENTED_VALUE) {
            trailers.set("grpc-accept-encoding", PayloadReader.ENCODINGS);
        }
    }

    /**
     * Percent-encodes as the gRPC specification requires: printable ASCII other than the percent sign stays as it is.
     */
    static String percentEncoded(String text) {
        StringBuilder encoded = new StringBuilder(text.length());
        for (byte one : text.getBytes(StandardCharsets.UTF_8)) {
            if (one >= ' ' && one <= '~' && one != '%') {
                encoded.append((char) one);
            } else {
                encoded.append('%').append(HEX.charAt((one >> 4) & 15)).append(HEX.charAt(one & 15));
            }
        }
        return encoded.toString();
    }

    private static Buffer frame(List<Message> messages, long size) {
        byte[] bytes = new byte[Math.toIntExact(size)];
        int at = 0;
        for (Message message : messages) {
            int length = message.getSerializedSize();
            ByteBuffer.wrap(bytes).putInt(at + 1, length);
            at += MessageDeframer.PREFIX_BYTES;
            CodedOutputStream payload = CodedOutputStream.newInstance(bytes, at, length);
            try {
                message.writeTo(payload);
            } catch (IOException e) {
                throw new IllegalStateException("message: " + length + " bytes that could not be written to memory", e);
            }
            payload.checkNoSpaceLeft();
            at += length;
        }
        return BufferInternal.buffer(Unpooled.wrappedBuffer(bytes));
    }

    /** Why a stream is reset (RFC 9113, section 7). */
    enum Http2Error {
        NO_ERROR(0),
        CANCEL(8);

        private final long code;

        Http2Error(long code) {
            this.code = code;
        }
    }
}
