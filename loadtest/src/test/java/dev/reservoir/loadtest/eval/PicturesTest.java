// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.v1.Observation;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PicturesTest {
    private static final int RECORD = 3_073;

    @TempDir
    private Path folder;

    @Test
    void keepsTrainingAndTestPicturesApart() {
        EvalTask task = Digits.sample(new EvalTask.Amount(16, 150, 300));

        assertThat(task.heldOut().validation()).hasSize(150);
        assertThat(task.heldOut().test()).hasSize(300);
        Set<Observation> heldOut = observations(task.heldOut().validation());
        assertThat(trained(task, 1_850)).hasSize(1_850).doesNotContainAnyElementsOf(heldOut);
        assertThat(task.scoring().floor().accuracy()).isBetween(0.1, 0.2);
    }

    @Test
    void readsTheFilesOfMnist() throws Exception {
        for (int part = 0; part < 4; part += 2) {
            int items = part == 0 ? 30 : 10;
            ByteBuffer images = ByteBuffer.allocate(16 + items * 784);
            images.putInt(0x803).putInt(items).putInt(28).putInt(28);
            ByteBuffer labels = ByteBuffer.allocate(8 + items);
            labels.putInt(0x801).putInt(items);
            for (int i = 0; i < items; i++) {
                byte[] picture = new byte[784];
                picture[0] = (byte) (i + part);
                images.put(picture);
                labels.put((byte) (i % 10));
            }
            Files.write(folder.resolve(Digits.FILES.get(part)), images.array());
            Files.write(folder.resolve(Digits.FILES.get(part + 1)), labels.array());
        }

        EvalTask task = Digits.read(folder, new EvalTask.Amount(16, 10, 100));

        assertThat(task.heldOut().validation()).hasSize(10);
        assertThat(task.heldOut().test()).hasSize(10).allSatisfy(item -> {
            int number = item.example().getObservation().getImage().getRaw().byteAt(0) - 2;
            assertThat(item.example().getTarget().getLabel()).isEqualTo(Integer.toString(number % 10));
        });
        assertThat(trained(task, 60))
                .hasSize(20)
                .doesNotContainAnyElementsOf(observations(task.heldOut().validation()));
    }

    @Test
    void readsCifarChannelByChannel() {
        byte[] record = new byte[RECORD];
        record[0] = 7;
        record[1] = 10;
        record[1 + 1_024] = 20;
        record[1 + 2 * 1_024] = (byte) 200;

        EvalTask.Item colour = Cifar10.item(record, true);
        EvalTask.Item grey = Cifar10.item(record, false);

        assertThat(colour.example().getTarget().getLabel()).isEqualTo("7");
        assertThat(colour.example().getObservation().getImage().getRaw().toByteArray())
                .hasSize(3 * 1_024)
                .startsWith((byte) 10, (byte) 20, (byte) 200, (byte) 0);
        // 0.299 x 10 + 0.587 x 20 + 0.114 x 200 = 37.53
        assertThat(grey.example().getObservation().getImage().getRaw().toByteArray())
                .hasSize(1_024)
                .startsWith((byte) 38, (byte) 0);
    }

    @Test
    void shiftsAPictureByAtMostFourPixelsAndMirrorsIt() {
        byte[] record = new byte[RECORD];
        int middle = 1 + 16 * 32 + 10;
        record[middle] = 1;
        record[middle + 1_024] = 2;
        Set<Integer> columns = new HashSet<>();
        Random random = new Random(3);
        for (int i = 0; i < 2_000; i++) {
            byte[] moved = Cifar10.augmented(record, random);
            int place = indexOf(moved, (byte) 1) - 1;
            assertThat(place / 32).isBetween(12, 20);
            assertThat(moved[1 + place + 1_024]).isEqualTo((byte) 2);
            columns.add(place % 32);
        }
        // From column 10, and from 21 if it is mirrored.
        assertThat(columns)
                .containsExactlyInAnyOrder(6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 20, 21, 22, 23, 24, 25);
    }

    @Test
    void trainsOnAugmentedPicturesAndScoresUnchangedOnes() throws Exception {
        for (int file = 0; file < 6; file++) {
            byte[] records = new byte[4 * RECORD];
            new Random(file).nextBytes(records);
            for (int i = 0; i < 4; i++) {
                records[i * RECORD] = (byte) (i + file);
            }
            Files.write(folder.resolve(Cifar10.FILES.get(file)), records);
        }

        EvalTask task = Cifar10.colour(folder, new EvalTask.Amount(16, 5, 4));

        assertThat(task.heldOut().validation()).hasSize(5);
        assertThat(task.heldOut().test()).hasSize(4);
        assertThat(trained(task, 45)).as("15 pictures, each three times, moved").hasSizeGreaterThan(30);
        assertThat(Cifar10.grey(folder, new EvalTask.Amount(16, 5, 4)).heads().tokens())
                .isEqualTo(1_024);
    }

    @Test
    void namesAMalformedFile() {
        assertThatThrownBy(() -> Cifar10.records("x.bin", new byte[100]))
                .hasMessageContaining("x.bin: 100 bytes (expected: a multiple of 3073)");
        byte[] record = new byte[RECORD];
        record[0] = 11;
        assertThatThrownBy(() -> Cifar10.records("x.bin", record))
                .hasMessageContaining("x.bin: label 11 at byte 0 (expected: 0 to 9)");
    }

    private static int indexOf(byte[] bytes, byte value) {
        for (int i = 1; i < bytes.length; i++) {
            if (bytes[i] == value) {
                return i;
            }
        }
        throw new AssertionError("no " + value);
    }

    private static Set<Observation> observations(List<EvalTask.Item> items) {
        Set<Observation> all = new HashSet<>();
        items.forEach(item -> all.add(item.example().getObservation()));
        return all;
    }

    private static Set<Observation> trained(EvalTask task, int count) {
        EvalTask.Sequence training = task.training().stream().from(1);
        Set<Observation> all = new HashSet<>();
        for (int i = 0; i < count; i++) {
            all.add(training.next().example().getObservation());
        }
        return all;
    }
}
