// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * The fake as a process, started as {@code serve --port 0}. {@code --fail} makes it exit during the start,
 * {@code --mute} suppresses the ready line, {@code --die} halts it in training, and {@code --substrate NAME} sets the
 * name that it reports.
 */
public final class FakeServerMain {
    private FakeServerMain() {}

    public static void main(String[] arguments) throws Exception {
        List<String> options = List.of(arguments);
        if (!options.subList(0, 3).equals(List.of("serve", "--port", "0"))) {
            System.err.println("usage: " + options);
            System.exit(2);
        }
        System.err.println("loading weights");
        if (options.contains("--fail")) {
            System.err.println("no weights: file not found");
            System.exit(7);
        }
        CountDownLatch forever = new CountDownLatch(1);
        if (!options.contains("--mute")) {
            FakeReservoir fake = new FakeReservoir();
            int substrate = options.indexOf("--substrate");
            if (substrate >= 0) {
                fake.reportSubstrate(options.get(substrate + 1));
            }
            if (options.contains("--die")) {
                fake.faults().dieInTraining();
            }
            System.out.println("reservoir-server ready grpc=" + fake.target() + " http=127.0.0.1:1");
        }
        forever.await();
    }
}
