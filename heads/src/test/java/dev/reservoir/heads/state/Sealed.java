// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.state;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;

/** Sealed bytes that are wrong in spite of a right checksum. */
public final class Sealed {
    public static final int HEADER = 12;

    private Sealed() {}

    /** The bytes with the checksum that they should have. */
    public static byte[] again(byte[] sealed) {
        return StateFormat.resealed(sealed);
    }

    public static byte[] of(MessageLite message) {
        return StateFormat.seal(message);
    }

    public static <M extends MessageLite> M open(byte[] sealed, Parser<M> parser) {
        return StateFormat.open("test", sealed, parser);
    }

    public static String id(byte[] sealed) {
        return SharedPartWriter.id(sealed);
    }
}
