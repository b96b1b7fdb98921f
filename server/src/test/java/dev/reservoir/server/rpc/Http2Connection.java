// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A client's end of an HTTP/2 connection, frame by frame (RFC 9113): what one {@link #write} is given goes out in one
 * piece. Not thread-safe.
 */
public final class Http2Connection implements AutoCloseable {
    public static final int CANCEL = 8;

    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GO_AWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    private static final int PRIORITY = 0x20;
    private static final int PRIORITY_BYTES = 5;
    private static final int LARGEST_FRAME = 16_384;
    private static final int INITIAL_WINDOW_SETTING = 4;

    private final Socket socket;
    private final DataInputStream in;
    /** Without state, so that frames may be built and never written. */
    private final DefaultHttp2HeadersEncoder encoder =
            new DefaultHttp2HeadersEncoder(Http2HeadersEncoder.ALWAYS_SENSITIVE);

    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private final Map<Integer, Reply> replies = new HashMap<>();
    private int nextStream = 1;
    private boolean settled;
    private int pings;
    private boolean answersPings = true;

    /** Opens a connection on which the server may send as much as it likes. */
    public Http2Connection(int port) throws IOException {
        this(port, 1 << 30);
    }

    /** @param window bytes that the server may send on a stream before it is granted more */
    public Http2Connection(int port, int window) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(20_000);
        in = new DataInputStream(socket.getInputStream());
        byte[] initialWindow = ByteBuffer.allocate(6)
                .putShort((short) INITIAL_WINDOW_SETTING)
                .putInt(window)
                .array();
        byte[] connectionWindow = ByteBuffer.allocate(4).putInt(1 << 30).array();
        write(PREFACE, frame(SETTINGS, 0, 0, initialWindow), frame(WINDOW_UPDATE, 0, 0, connectionWindow));
        // Until its settings are acknowledged the server's windows are those that a connection begins with.
        while (!settled) {
            readFrame();
        }
    }

    /** What came back on a stream: trailers of a call that failed at once lie among its headers. */
    public static final class Reply {
        private final Map<String, String> headers = new TreeMap<>();
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private int dataFrames;
        private boolean ended;
        private @Nullable Long resetCode;

        public String grpcStatus() {
            return headers.getOrDefault("grpc-status", "none");
        }

        public Map<String, String> headers() {
            return headers;
        }

        byte[] body() {
            return body.toByteArray();
        }

        /** Frames that the body came in. */
        int dataFrames() {
            return dataFrames;
        }

        /** The code with which the server reset the stream; null if it did not. */
        @Nullable
        Long resetCode() {
            return resetCode;
        }
    }

    /** The number of a stream that no frame has named yet. */
    public int newStream() {
        int stream = nextStream;
        nextStream += 2;
        return stream;
    }

    /** The frames that open a call. */
    public byte[] headers(int stream, String method, Map<String, String> more, boolean end) {
        Http2Headers headers = new DefaultHttp2Headers(false)
                .method("POST")
                .scheme("http")
                .path("/" + method)
                .authority("localhost");
        headers.set("te", "trailers");
        if (!more.containsKey("content-type")) {
            headers.set("content-type", "application/grpc");
        }
        more.forEach(headers::set);
        ByteBuf block = Unpooled.buffer();
        try {
            encoder.encodeHeaders(stream, headers, block);
        } catch (Http2Exception e) {
            throw new AssertionError(e);
        }
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        int type = HEADERS;
        do {
            byte[] part = new byte[Math.min(LARGEST_FRAME, block.readableBytes())];
            block.readBytes(part);
            int flags = (block.isReadable() ? 0 : END_HEADERS) | (type == HEADERS && end ? END_STREAM : 0);
            frames.writeBytes(frame(type, flags, stream, part));
            type = CONTINUATION;
        } while (block.isReadable());
        return frames.toByteArray();
    }

    /** Frames of data, as many as their size takes. */
    public byte[] data(int stream, byte[] bytes, boolean end) {
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        int at = 0;
        do {
            int length = Math.min(LARGEST_FRAME, bytes.length - at);
            byte[] part = Arrays.copyOfRange(bytes, at, at + length);
            at += length;
            frames.writeBytes(frame(DATA, end && at == bytes.length ? END_STREAM : 0, stream, part));
        } while (at < bytes.length);
        return frames.toByteArray();
    }

    public byte[] reset(int stream, int code) {
        return frame(RESET, 0, stream, ByteBuffer.allocate(4).putInt(code).array());
    }

    byte[] grant(int stream, int bytes) {
        return frame(
                WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    /** A gRPC message in its frame: a byte that says whether it is compressed, four bytes of length, the payload. */
    public static byte[] message(int compressed, byte[] payload) {
        return ByteBuffer.allocate(5 + payload.length)
                .put((byte) compressed)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    /** Leaves the server's pings unanswered from here on, as a host would that is gone. */
    void answerNoPings() {
        answersPings = false;
    }

    int pings() {
        return pings;
    }

    /** Writes all of it at once. */
    public void write(byte[]... pieces) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            all.writeBytes(piece);
        }
        socket.getOutputStream().write(all.toByteArray());
        socket.getOutputStream().flush();
    }

    /** Calls a method with one message and reads until the call has ended. */
    public Reply call(String method, byte[] payload) throws IOException {
        return call(method, message(0, payload), Map.of());
    }

    Reply call(String method, byte[] body, Map<String, String> more) throws IOException {
        int stream = newStream();
        write(headers(stream, method, more, false), data(stream, body, true));
        return reply(stream);
    }

    /** Reads until a stream has ended. */
    public Reply reply(int stream) throws IOException {
        Reply reply = replies.computeIfAbsent(stream, unused -> new Reply());
        while (!reply.ended) {
            readFrame();
        }
        return reply;
    }

    /** Reads until as many bytes of a stream have come. */
    Reply replyOf(int stream, int bytes) throws IOException {
        Reply reply = replies.computeIfAbsent(stream, unused -> new Reply());
        while (reply.body.size() < bytes) {
            if (reply.ended) {
                throw new AssertionError(reply.body.size() + " bytes of " + bytes + ", then " + reply.headers);
            }
            readFrame();
        }
        return reply;
    }

    /** Reads one frame and does what it asks. */
    void readFrame() throws IOException {
        int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(length);
        Reply reply = replies.computeIfAbsent(stream, unused -> new Reply());
        switch (type) {
            case DATA -> {
                reply.dataFrames++;
                reply.body.writeBytes(payload);
            }
            case HEADERS -> {
                try {
                    int skipped = (flags & PRIORITY) != 0 ? PRIORITY_BYTES : 0;
                    decoder.decodeHeaders(stream, Unpooled.wrappedBuffer(payload, skipped, length - skipped))
                            .forEach(header -> reply.headers.put(
                                    header.getKey().toString(),
                                    header.getValue().toString()));
                } catch (Http2Exception e) {
                    throw new AssertionError(e);
                }
            }
            case RESET -> {
                reply.resetCode =
                        Integer.toUnsignedLong(ByteBuffer.wrap(payload).getInt());
                reply.ended = true;
            }
            case SETTINGS -> {
                if ((flags & ACK) == 0) {
                    settled = true;
                    write(frame(SETTINGS, ACK, 0, new byte[0]));
                }
            }
            case PING -> {
                pings++;
                if (answersPings) {
                    write(frame(PING, ACK, 0, payload));
                }
            }
            case GO_AWAY ->
                throw new EOFException("the server goes away: " + new String(payload, StandardCharsets.US_ASCII));
            default -> {
                // Window updates: what a test sends stays within the first window.
            }
        }
        if ((type == DATA || type == HEADERS) && (flags & END_STREAM) != 0) {
            reply.ended = true;
        }
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length)
                .put((byte) (payload.length >> 16))
                .putShort((short) payload.length)
                .put((byte) type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
