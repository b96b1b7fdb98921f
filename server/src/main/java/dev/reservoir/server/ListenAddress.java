// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import dev.reservoir.server.startup.HostPort;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;

/**
 * The address a server listens on: a loopback address, because this server does not authenticate clients.
 *
 * @param address resolved once, so that what was checked is what is listened on
 * @param port 0 for any free port
 */
record ListenAddress(InetAddress address, int port) {
    private static final String LOOPBACK =
            "a loopback address, for example 127.0.0.1, ::1 or localhost: this server does not authenticate clients";

    ListenAddress {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("--port: " + port + " (expected: 0 to 65535)");
        }
    }

    /**
     * Resolves what {@code --host} names.
     *
     * @throws IllegalArgumentException if it is not one loopback address, or the port is invalid
     */
    static ListenAddress of(String host, int port) {
        if (host.isBlank()) {
            throw wrongHost("\"" + host + "\"", LOOPBACK);
        }
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw wrongHost(host, LOOPBACK + "; this is neither an address nor a name that resolves to one");
        }
        if (!address.isLoopbackAddress()) {
            throw wrongHost(host, LOOPBACK);
        }
        return new ListenAddress(address, port);
    }

    /** The address in the form that a listener expects. */
    String host() {
        return NetUtil.toAddressString(address);
    }

    /**
     * Checks that the port can be opened, before the slow part of the start.
     *
     * @throws IllegalArgumentException if it cannot
     */
    void checkFree() {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(address, port));
        } catch (IOException e) {
            throw notOpened(e);
        }
    }

    /** The failure that names which of the two options the system refused, and why. */
    IllegalArgumentException notOpened(Throwable why) {
        String reason = String.valueOf(why.getMessage());
        if (reason.contains("assign requested address") || reason.contains("ddress family not supported")) {
            return wrongHost(host() + ": " + reason, "an address of this machine");
        }
        String expected = port > 0 && port < 1_024 && reason.contains("ermission")
                ? "a port of 1024 or more, or the right to open lower ones"
                : "a free port; 0 takes one";
        return new IllegalArgumentException(
                "--port: " + port + " on " + host() + " could not be opened: " + reason + " (expected: " + expected
                        + ")",
                why);
    }

    /** The address that clients connect to, in a form to copy. */
    HostPort opened(int port) {
        return HostPort.of(address, port);
    }

    private static IllegalArgumentException wrongHost(String met, String expected) {
        return new IllegalArgumentException("--host: " + met + " (expected: " + expected + ")");
    }
}
