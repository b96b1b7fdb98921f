// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListenAddressTest {
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1, 127.0.0.1:7",
        "127.8.9.10, 127.8.9.10, 127.8.9.10:7",
        "::1, ::1, [::1]:7",
        "[::1], ::1, [::1]:7",
        "0:0:0:0:0:0:0:1, ::1, [::1]:7",
        "::ffff:127.0.0.1, 127.0.0.1, 127.0.0.1:7",
    })
    void isPrintedAsItCanBePasted(String host, String listened, String printed) {
        ListenAddress address = ListenAddress.of(host, 0);

        assertThat(address.host()).isEqualTo(listened);
        assertThat(address.opened(7)).hasToString(printed);
    }

    @Test
    void aNameIsResolvedOnce() {
        assertThat(ListenAddress.of("localhost", 0).host()).isIn("127.0.0.1", "::1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "0.0.0.0",
                "::",
                "*",
                "192.0.2.1",
                "2001:db8::1",
                "no-such-host.invalid",
                "127.0.0.1:80",
                "[::1]:80",
                "::ffff:192.0.2.1"
            })
    void whatIsNoLoopbackAddressIsBlamedOnTheHost(String host) {
        String shown = host.isBlank() ? "\"" + host + "\"" : host;
        assertThatThrownBy(() -> ListenAddress.of(host, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--host: " + shown + " (expected: a loopback address, for example");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 65_536, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void portsAreOfTheirRange(int port) {
        assertThatThrownBy(() -> ListenAddress.of("127.0.0.1", port))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--port: " + port + " (expected: 0 to 65535)");
    }

    @Test
    void aPortInUseIsReportedBeforeAnythingIsLoaded() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            ListenAddress address = ListenAddress.of("127.0.0.1", taken.getLocalPort());
            assertThatThrownBy(address::checkFree)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("--port: " + taken.getLocalPort() + " on 127.0.0.1 could not be opened: ")
                    .hasMessageEndingWith("(expected: a free port; 0 takes one)");
        }
        assertThatCode(() -> ListenAddress.of("127.0.0.1", 0).checkFree()).doesNotThrowAnyException();
    }

    @Test
    void theOptionThatIsWrongIsNamed() {
        ListenAddress address = ListenAddress.of("::1", 80);

        assertThat(address.notOpened(new BindException("Cannot assign requested address")))
                .hasMessage("--host: ::1: Cannot assign requested address (expected: an address of this machine)");
        assertThat(address.notOpened(new BindException("Permission denied")))
                .hasMessage("--port: 80 on ::1 could not be opened: Permission denied (expected: a port of 1024 or"
                        + " more, or the right to open lower ones)");
    }
}
