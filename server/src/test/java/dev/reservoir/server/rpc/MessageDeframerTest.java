// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageDeframerTest {
    private static final int MOST_BYTES = 200_000;

    private static List<byte[]> take(MessageDeframer deframer) {
        List<byte[]> messages = new ArrayList<>();
        for (MessageDeframer.Frame frame = deframer.next(); frame != null; frame = deframer.next()) {
            messages.add(Arrays.copyOfRange(frame.array(), frame.offset(), frame.offset() + frame.length()));
        }
        return messages;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void messagesComeOutAsTheyWentInHoweverTheirBytesAreSplit(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<byte[]> sent = new ArrayList<>();
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        for (int i = 0; i < 40; i++) {
            byte[] payload = new byte[random.nextInt(10) == 0 ? random.nextInt(MOST_BYTES) : random.nextInt(40)];
            random.nextBytes(payload);
            sent.add(payload);
            wire.writeBytes(Http2Connection.message(0, payload));
        }
        byte[] bytes = wire.toByteArray();
        MessageDeframer deframer = new MessageDeframer(MOST_BYTES);
        List<byte[]> received = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int length =
                    Math.min(bytes.length - at, random.nextInt(5) == 0 ? random.nextInt(20_000) : random.nextInt(9));
            deframer.add(Buffer.buffer(Arrays.copyOfRange(bytes, at, at + length)));
            at += length;
            if (random.nextBoolean()) {
                received.addAll(take(deframer));
            }
        }
        received.addAll(take(deframer));

        assertThat(received).hasSameSizeAs(sent);
        for (int i = 0; i < sent.size(); i++) {
            assertThat(received.get(i)).isEqualTo(sent.get(i));
        }
        assertThat(deframer.incompleteBytes()).isZero();
    }

    @Test
    void messageThatIsNotWholeStaysIncomplete() {
        MessageDeframer deframer = new MessageDeframer(MOST_BYTES);
        deframer.add(Buffer.buffer(new byte[] {0, 0, 0, 0, 3, 1, 2}));
        assertThat(deframer.next()).isNull();
        assertThat(deframer.incompleteBytes()).isEqualTo(7);
    }

    @Test
    void lengthBeyondTheLimitIsRefusedBeforeItsBytesCome() {
        MessageDeframer deframer = new MessageDeframer(MOST_BYTES);
        deframer.add(Buffer.buffer(new byte[] {0, -1, -1, -1, -1}));
        assertThatThrownBy(deframer::next)
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.TOO_LARGE))
                .hasMessage("message: 4294967295 bytes (expected: at most 200000)");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 7, 128, 255})
    void firstByteThatIsNoFlagIsRefused(int flag) {
        MessageDeframer deframer = new MessageDeframer(MOST_BYTES);
        deframer.add(Buffer.buffer(new byte[] {(byte) flag, 0, 0, 0, 0}));
        assertThatThrownBy(deframer::next)
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD))
                .hasMessageContaining("the byte " + flag);
    }
}
