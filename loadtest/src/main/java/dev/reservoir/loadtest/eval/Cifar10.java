// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import dev.reservoir.v1.Head;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * CIFAR-10 from its binary files, whose records are a label and then 32 x 32 samples each of red, green and blue:
 * either in colour in patches of 4 x 4, 64 tokens of 48 values, with each training picture shifted by up to 4 pixels
 * and mirrored at random; or in grey, one pixel per token.
 */
final class Cifar10 {
    static final List<String> FILES = List.of(
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
            "test_batch.bin");

    static final int TOKENS = 64;
    static final int PIXELS = 1_024;
    private static final int SIDE = 32;
    private static final int PATCH = 4;
    private static final int CHANNELS = 3;
    private static final int RECORD = 1 + CHANNELS * PIXELS;
    private static final int MARGIN = 4;

    private Cifar10() {}

    static EvalTask colour(Path folder, EvalTask.Amount amount) {
        return task("cifar-10", folder, amount, true, new EvalTask.Published(68.2, 61.7, 70.3));
    }

    static EvalTask grey(Path folder, EvalTask.Amount amount) {
        return task("cifar-10-lra", folder, amount, false, new EvalTask.Published(38.6, 36.1, 42));
    }

    private static EvalTask task(
            String name, Path folder, EvalTask.Amount amount, boolean colour, EvalTask.Published published) {
        List<byte[]> train = new ArrayList<>();
        FILES.subList(0, 5).forEach(file -> train.addAll(records(folder.resolve(file))));
        List<byte[]> shuffled = Draws.shuffled(train);
        int validation = Math.min(amount.validation(), train.size() / 2);
        List<EvalTask.Item> test = Draws.shuffled(records(folder.resolve(FILES.get(5)))).stream()
                .limit(amount.test())
                .map(record -> item(record, colour))
                .toList();
        Head spec = colour ? Pictures.spec(SIDE, CHANNELS, PATCH) : Pictures.spec(SIDE, 1, 1);
        List<byte[]> trained = shuffled.subList(validation, shuffled.size());
        return new EvalTask(
                name,
                (colour
                                ? "32 x 32 colour in patches of 4 x 4, 64 tokens, 10 classes, augmented; "
                                : "32 x 32 grey, a pixel a token, 1,024 tokens, 10 classes; ")
                        + Pictures.FADING,
                "CIFAR-10, " + trained.size() + " pictures to train on",
                new EvalTask.Heads(Pictures.fading(spec, amount), spec, colour ? TOKENS : PIXELS),
                new EvalTask.TrainingSet(
                        Draws.epochs(
                                trained, (record, random) -> item(colour ? augmented(record, random) : record, colour)),
                        amount.examples(),
                        Contender.MINIBATCH),
                new EvalTask.HeldOut(
                        shuffled.subList(0, validation).stream()
                                .map(record -> item(record, colour))
                                .toList(),
                        test),
                new EvalTask.Scoring(
                        0.4,
                        512,
                        new EvalTask.Floor(Pictures.majority(test), "the most frequent class"),
                        "",
                        published));
    }

    private static List<byte[]> records(Path file) {
        try {
            return records(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<byte[]> records(String name, byte[] file) {
        if (file.length == 0 || file.length % RECORD != 0) {
            throw new UncheckedIOException(
                    new IOException(name + ": " + file.length + " bytes (expected: a multiple of " + RECORD + ")"));
        }
        List<byte[]> records = new ArrayList<>();
        for (int start = 0; start < file.length; start += RECORD) {
            if (file[start] < 0 || file[start] > 9) {
                throw new UncheckedIOException(
                        new IOException(name + ": label " + file[start] + " at byte " + start + " (expected: 0 to 9)"));
            }
            records.add(Arrays.copyOfRange(file, start, start + RECORD));
        }
        return records;
    }

    /** Shifts by up to 4 pixels in each direction, padding with black, and mirrors with probability one half. */
    static byte[] augmented(byte[] record, Random random) {
        int down = random.nextInt(2 * MARGIN + 1) - MARGIN;
        int right = random.nextInt(2 * MARGIN + 1) - MARGIN;
        boolean mirror = random.nextBoolean();
        byte[] shifted = new byte[RECORD];
        shifted[0] = record[0];
        for (int channel = 0; channel < CHANNELS; channel++) {
            for (int row = 0; row < SIDE; row++) {
                for (int column = 0; column < SIDE; column++) {
                    int fromRow = row - down;
                    int fromColumn = (mirror ? SIDE - 1 - column : column) - right;
                    if (fromRow >= 0 && fromRow < SIDE && fromColumn >= 0 && fromColumn < SIDE) {
                        shifted[sample(channel, row, column)] = record[sample(channel, fromRow, fromColumn)];
                    }
                }
            }
        }
        return shifted;
    }

    static EvalTask.Item item(byte[] record, boolean colour) {
        byte[] samples = new byte[colour ? CHANNELS * PIXELS : PIXELS];
        for (int pixel = 0; pixel < PIXELS; pixel++) {
            int red = record[1 + pixel] & 0xff;
            int green = record[1 + PIXELS + pixel] & 0xff;
            int blue = record[1 + 2 * PIXELS + pixel] & 0xff;
            if (colour) {
                samples[CHANNELS * pixel] = (byte) red;
                samples[CHANNELS * pixel + 1] = (byte) green;
                samples[CHANNELS * pixel + 2] = (byte) blue;
            } else {
                // Rec. 601 luma
                samples[pixel] = (byte) Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
            }
        }
        return Pictures.item(samples, record[0]);
    }

    private static int sample(int channel, int row, int column) {
        return 1 + channel * PIXELS + row * SIDE + column;
    }
}
