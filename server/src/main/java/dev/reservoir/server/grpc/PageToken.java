// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Where a listing continues: the last head listed, bound to its tenant and protected by a checksum, so that a forged or
 * misplaced token is refused.
 */
final class PageToken {
    private PageToken() {}

    static String of(String tenant, String lastHead) {
        byte[] head = lastHead.getBytes(UTF_8);
        byte[] token = ByteBuffer.allocate(4 + head.length)
                .putInt(sum(tenant, head))
                .put(head)
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    }

    /**
     * The head after which to continue; empty for an empty token.
     *
     * @throws Refused INVALID_FIELD if the token was not issued to this tenant
     */
    static String lastHead(String tenant, String token) {
        if (token.isEmpty()) {
            return "";
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
            if (bytes.remaining() > 4) {
                int sum = bytes.getInt();
                byte[] head = new byte[bytes.remaining()];
                bytes.get(head);
                if (sum == sum(tenant, head)) {
                    return new String(head, UTF_8);
                }
            }
        } catch (IllegalArgumentException e) {
            throw malformed();
        }
        throw malformed();
    }

    private static Refused malformed() {
        return new Refused(
                Reason.INVALID_FIELD,
                "page_token: not a token of this listing (expected: next_page_token of the page before)",
                Map.of("field", "page_token"));
    }

    private static int sum(String tenant, byte[] head) {
        CRC32 sum = new CRC32();
        sum.update(tenant.getBytes(UTF_8));
        sum.update(0);
        sum.update(head);
        return (int) sum.getValue();
    }
}
