// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledProcessTest {
    private static final int KILLS = 6;

    @TempDir
    private Path directory;

    @Test
    void whatAKilledProcessReportedDurableIsThereWithEveryCheckpointOfIt() throws Exception {
        long seed = 20_261_126;
        Random random = new Random(seed);
        Path data = directory.resolve("data");
        long reported = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            Process process = StoreProcess.start(data, seed, 1_000_000);
            // Killed at a point of its output, which falls anywhere in the commits that go on meanwhile.
            int lines = 1 + random.nextInt(400);
            try (BufferedReader output = StoreProcess.reader(process)) {
                for (int line = 0; line < lines; line++) {
                    reported = Math.max(reported, Long.parseLong(output.readLine()));
                }
                // By its handle, as the process itself would close what it has printed.
                process.toHandle().destroyForcibly();
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    // The last line may be cut.
                    long offset = line.isEmpty() ? 0 : Long.parseLong(line);
                    reported = Math.max(reported, offset > reported + 1 ? 0 : offset);
                }
            }
            process.waitFor();
            try (StoreFixture.Open open = StoreFixture.Open.of(data)) {
                assertThat(open.store().report().damage()).isEmpty();
                assertThat(open.log().durableThrough()).isGreaterThanOrEqualTo(reported);
                List<Object> read = StoreFixture.read(open.store(), 1);
                for (int i = 0; i < read.size(); i++) {
                    assertThat(read.get(i)).isEqualTo(StoreProcess.record(seed, i + 1));
                }
                for (Checkpoints.Summary summary : open.checkpoints().list(new HeadId(1))) {
                    assertThat(summary.offset()).isLessThanOrEqualTo(read.size());
                    assertThat(open.checkpoints()
                                    .newest(new HeadId(1), summary.offset())
                                    .orElseThrow()
                                    .state())
                            .isEqualTo(StoreFixture.bytes(new Random(summary.offset()), 3_000_000));
                }
            }
        }
    }
}
