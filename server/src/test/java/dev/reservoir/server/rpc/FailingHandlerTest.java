// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a method throws, wherever it throws it, ends its call once with a status, and no other call. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FailingHandlerTest {
    private EchoServer server;

    @BeforeAll
    void start() {
        server = EchoServer.start();
    }

    @AfterAll
    void stop() {
        server.close();
    }

    static Stream<Arguments> failures() {
        Map<String, Supplier<Throwable>> failures = Map.of(
                "Exception", () -> new IllegalStateException("a defect"),
                "StackOverflow", StackOverflowError::new,
                "Linkage", () -> new NoClassDefFoundError("java/awt/Image"),
                "Error", () -> new Error("anything"),
                "OutOfMemory", () -> new OutOfMemoryError("Java heap space"));
        return failures.entrySet().stream()
                .map(failure -> Arguments.of(
                        failure.getKey(), failure.getValue(), failure.getKey().equals("OutOfMemory") ? "8" : "13"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void anyThrowableEndsTheCallWithAStatus(String name, Supplier<Throwable> failure, String status)
            throws IOException {
        AtomicInteger closed = new AtomicInteger();
        MethodDescriptor<?, ?> handling = server.bind("handling" + name, (call, request) -> {
            call.onClosed(closed::incrementAndGet);
            throw FailingHandlerTest.<RuntimeException>unchecked(failure.get());
        });
        MethodDescriptor<?, ?> later = server.bind("later" + name, (call, request) -> {
            call.onClosed(closed::incrementAndGet);
            call.write(request);
            call.runOnContext(() -> {
                throw FailingHandlerTest.<RuntimeException>unchecked(failure.get());
            });
        });
        MethodDescriptor<?, ?> cleaning = server.bind("cleaning" + name, (call, request) -> {
            call.onClosed(() -> {
                throw FailingHandlerTest.<RuntimeException>unchecked(failure.get());
            });
            call.onClosed(closed::incrementAndGet);
            call.endWith(request);
        });
        try (Http2Connection connection = server.connect()) {
            assertThat(connection
                            .call(handling.getFullMethodName(), EchoServer.value((byte) 1))
                            .grpcStatus())
                    .isEqualTo(status);
            assertThat(connection
                            .call(later.getFullMethodName(), EchoServer.value((byte) 1))
                            .grpcStatus())
                    .isEqualTo(status);
            assertThat(connection
                            .call(cleaning.getFullMethodName(), EchoServer.value((byte) 1))
                            .grpcStatus())
                    .isEqualTo("0");
            assertThat(connection
                            .call(EchoServer.ECHO.getFullMethodName(), EchoServer.value((byte) 1))
                            .grpcStatus())
                    .isEqualTo("0");
        }
        await().until(() -> server.rpc.activeCalls() == 0);
        assertThat(closed).hasValue(3);
        assertThat(server.memory.usedBytes()).isZero();
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> T unchecked(Throwable failure) throws T {
        throw (T) failure;
    }
}
