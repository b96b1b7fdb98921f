// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.reservoir.loadtest.run.RunFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;

/** ONNX Runtime with a model of the same artifact family; its threads do not spin while they wait. Not thread-safe. */
final class OnnxModel implements AutoCloseable {
    static final String F32 = "/all-minilm-l6-v2.onnx";
    static final String INT8 = "/all-minilm-l6-v2-q.onnx";

    private static final int VOCABULARY = 30_522;
    private static final int FIRST_WORD = 1_000;
    private static final int MIN_PASSES = 2;

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    /** @param threads inside one operator */
    OnnxModel(String resource, int threads) {
        try (InputStream in = OnnxModel.class.getResourceAsStream(resource);
                OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            if (in == null) {
                throw new RunFailure(resource + ": not on the class path (expected: the peer's artifact)");
            }
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            session = environment.createSession(in.readAllBytes(), options);
        } catch (OrtException | IOException e) {
            throw new RunFailure("ONNX Runtime could not load " + resource + ": " + e.getMessage(), e);
        }
    }

    /** Median nanoseconds of a pass over some time, from token ids in to hidden states in Java's memory. */
    double nanos(Shape shape, int millis) {
        long[] ids = new SplittableRandom(7)
                .longs(shape.rows(), FIRST_WORD, VOCABULARY)
                .toArray();
        forward(ids, shape);
        double[] times = new double[4_096];
        int count = 0;
        long end = System.nanoTime() + millis * 1_000_000L;
        while (count < MIN_PASSES || (count < times.length && System.nanoTime() < end)) {
            long start = System.nanoTime();
            forward(ids, shape);
            times[count++] = System.nanoTime() - start;
        }
        return Spread.of(Arrays.copyOf(times, count)).median();
    }

    private float[] forward(long[] ids, Shape shape) {
        long[] mask = new long[ids.length];
        Arrays.fill(mask, 1);
        try (OnnxTensor idTensor = tensor(ids, shape);
                OnnxTensor maskTensor = tensor(mask, shape);
                OnnxTensor typeTensor = tensor(new long[ids.length], shape);
                OrtSession.Result result = session.run(
                        Map.of("input_ids", idTensor, "attention_mask", maskTensor, "token_type_ids", typeTensor))) {
            FloatBuffer hidden = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] values = new float[hidden.remaining()];
            hidden.get(values);
            return values;
        } catch (OrtException e) {
            throw new RunFailure("ONNX Runtime failed at " + shape + ": " + e.getMessage(), e);
        }
    }

    private OnnxTensor tensor(long[] values, Shape shape) throws OrtException {
        return OnnxTensor.createTensor(
                environment, LongBuffer.wrap(values), new long[] {shape.sequences(), shape.tokens()});
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new RunFailure("ONNX Runtime could not be closed: " + e.getMessage(), e);
        }
    }
}
