// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.state;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A message behind a header of 12 bytes, little-endian: the mark {@code RSST}, the version of the format, and the
 * CRC-32C of version and message.
 */
public final class StateFormat {
    /** The version that is written, and the only one that is read. */
    public static final int VERSION = 1;

    private static final int MARK = 'R' | 'S' << 8 | 'S' << 16 | 'T' << 24;
    private static final int CHECKSUM_AT = 2 * Integer.BYTES;
    private static final int HEADER = 3 * Integer.BYTES;

    private StateFormat() {}

    /** The message with its header. */
    public static byte[] seal(MessageLite message) {
        byte[] sealed = new byte[Math.addExact(HEADER, message.getSerializedSize())];
        try {
            CodedOutputStream content = CodedOutputStream.newInstance(sealed, HEADER, sealed.length - HEADER);
            message.writeTo(content);
            content.checkNoSpaceLeft();
        } catch (IOException impossible) {
            throw new IllegalStateException("an array of the message's own size is too short", impossible);
        }
        ByteBuffer.wrap(sealed)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MARK)
                .putInt(VERSION)
                .putInt(checksum(sealed));
        return sealed;
    }

    /**
     * The message of sealed bytes, which it refers to and which must not be written to while it is used.
     *
     * @param what the message, for refusals
     * @throws UnusableState DAMAGED or UNKNOWN_VERSION
     */
    public static <M extends MessageLite> M open(String what, byte[] sealed, Parser<M> parser) {
        UnusableState.check(sealed.length >= HEADER, what, sealed.length + " bytes", "at least " + HEADER);
        ByteBuffer header = ByteBuffer.wrap(sealed).order(ByteOrder.LITTLE_ENDIAN);
        UnusableState.check(header.getInt() == MARK, what, "bytes of another format", "the mark RSST first");
        int version = header.getInt();
        int checksum = header.getInt();
        int computed = checksum(sealed);
        UnusableState.check(
                checksum == computed, what, "checksum " + hex(checksum), hex(computed) + ", the bytes' own");
        if (version != VERSION) {
            throw new UnusableState(
                    Problem.UNKNOWN_VERSION, what + ": version " + version + " (expected: " + VERSION + ")");
        }
        ByteString content = UnsafeByteOperations.unsafeWrap(sealed, HEADER, sealed.length - HEADER);
        try {
            return parser.parseFrom(content);
        } catch (InvalidProtocolBufferException malformed) {
            throw UnusableState.damaged(what, malformed.getMessage(), "a message of version " + VERSION);
        }
    }

    private static int checksum(byte[] sealed) {
        CRC32C crc = new CRC32C();
        crc.update(sealed, Integer.BYTES, Integer.BYTES);
        crc.update(sealed, HEADER, sealed.length - HEADER);
        return (int) crc.getValue();
    }

    /**
     * The bytes with the checksum that they should have, for tests of content that is wrong in spite of a right
     * checksum.
     */
    static byte[] resealed(byte[] sealed) {
        byte[] copy = sealed.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putInt(CHECKSUM_AT, checksum(copy));
        return copy;
    }

    private static String hex(int value) {
        return Integer.toHexString(value);
    }
}
