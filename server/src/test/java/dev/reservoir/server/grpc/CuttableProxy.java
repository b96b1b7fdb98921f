// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Forwards bytes between clients and a server until it has forwarded a given number of the clients', then cuts the
 * connection immediately.
 */
final class CuttableProxy implements AutoCloseable {
    private final ServerSocket accepting;
    private final int serverPort;
    private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    CuttableProxy(int serverPort) throws IOException {
        this.accepting = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.serverPort = serverPort;
        thread(this::accept);
    }

    int port() {
        return accepting.getLocalPort();
    }

    /** Cuts after this many more bytes of the clients'. */
    void cutAfter(long bytes) {
        left.set(bytes);
    }

    void cutNow() {
        for (Socket socket : sockets) {
            try {
                socket.setSoLinger(true, 0);
                socket.close();
            } catch (IOException e) {
                // closed already
            }
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = accepting.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                sockets.add(client);
                sockets.add(server);
                thread(() -> carry(client, server, left));
                thread(() -> carry(server, client, new AtomicLong(Long.MAX_VALUE)));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void carry(Socket from, Socket to, AtomicLong allowance) {
        byte[] buffer = new byte[4_096];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                long before = allowance.getAndAdd(-read);
                out.write(buffer, 0, (int) Math.min(read, Math.max(0, before)));
                out.flush();
                if (before <= read) {
                    cutNow();
                    return;
                }
            }
        } catch (IOException e) {
            cutNow();
        }
    }

    private static void thread(Runnable body) {
        Thread thread = new Thread(body, "proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        accepting.close();
        cutNow();
    }
}
