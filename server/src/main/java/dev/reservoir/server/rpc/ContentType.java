// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import org.jspecify.annotations.Nullable;

/** Recognises the content types of gRPC, and those that carry protocol buffers. */
final class ContentType {
    private static final String GRPC = "application/grpc";

    private ContentType() {}

    /** Whether it is {@code application/grpc}, whatever the format of its messages. */
    static boolean isGrpc(@Nullable String type) {
        if (type == null || !type.startsWith(GRPC)) {
            return false;
        }
        return type.length() == GRPC.length() || type.charAt(GRPC.length()) == '+' || type.charAt(GRPC.length()) == ';';
    }

    static boolean isProtobuf(String type) {
        int parameters = type.indexOf(';');
        String bare = (parameters < 0 ? type : type.substring(0, parameters)).trim();
        return bare.equals(GRPC) || bare.equals(GRPC + "+proto");
    }
}
