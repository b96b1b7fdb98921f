// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "localhost:50051, localhost, 50051",
        "127.0.0.1:1, 127.0.0.1, 1",
        "[::1]:65535, ::1, 65535",
        "[fe80::1%eth0]:80, fe80::1%eth0, 80",
        "[2001:db8::7]:80, 2001:db8::7, 80",
    })
    void whatIsPrintedIsWhatWasTyped(String text, String host, int port) {
        HostPort address = HostPort.parse(text);

        assertThat(address).isEqualTo(new HostPort(host, port)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost",
                ":50051",
                "localhost:",
                "localhost:0",
                "localhost:65536",
                "localhost:-1",
                "::1:50051",
                "::1",
                "[::1]",
                "[localhost]:1",
                "[::1:1",
                "::1]:1",
                "[]:1",
                "http://localhost:1",
                "a b:1",
                "a:1:2"
            })
    void whatIsNoAddressIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> HostPort.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(text + " (expected: HOST:PORT with a port of 1 to 65535, for example localhost:50051 or"
                        + " [::1]:50051)");
    }

    @Test
    void addressesAreWrittenInTheirShortestForm() throws Exception {
        assertThat(HostPort.of(InetAddress.getByName("0:0:0:0:0:0:0:1"), 7)).hasToString("[::1]:7");
        assertThat(HostPort.of(InetAddress.getByName("127.1"), 7)).hasToString("127.0.0.1:7");
    }
}
