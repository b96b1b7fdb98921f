// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.Map;
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

    /** @throws Refused INVALID_FIELD if messages of this type are no protocol buffers */
    static void checkProtobuf(@Nullable String type) {
        String given = String.valueOf(type);
        int parameters = given.indexOf(';');
        String bare = (parameters < 0 ? given : given.substring(0, parameters)).trim();
        if (!bare.equals(GRPC) && !bare.equals(GRPC + "+proto")) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "content-type: " + type + " (expected: application/grpc+proto)",
                    Map.of("field", "content-type"));
        }
    }
}
