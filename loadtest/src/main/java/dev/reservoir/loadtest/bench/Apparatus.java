// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.reservoir.loadtest.client.ReservoirClient;
import dev.reservoir.loadtest.client.ServerProcess;
import dev.reservoir.loadtest.run.RunFailure;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The processes and connections that figures measure with, started when first needed and closed together. Not
 * thread-safe.
 */
final class Apparatus implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(120);
    private static final Duration CALL = Duration.ofSeconds(60);

    private final Path serverJar;
    private final Path benchJar;
    private final Path folder;
    private final int threads;
    private final Map<Integer, Hook> hooks = new HashMap<>();
    private final Map<String, OnnxModel> models = new HashMap<>();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private @Nullable ServerProcess server;
    private @Nullable ReservoirClient client;
    private @Nullable ReservoirClient secondClient;
    private @Nullable JsonObject machine;

    /**
     * @param benchJar measures inside a process what no client can observe; of the same build as the server
     * @param folder for logs
     * @param threads inside one matrix product, on both sides
     */
    Apparatus(Path serverJar, Path benchJar, Path folder, int threads) {
        this.serverJar = serverJar;
        this.benchJar = benchJar;
        this.folder = folder;
        this.threads = threads;
    }

    int threads() {
        return threads;
    }

    /** Measures with as many threads inside a matrix product as peers use. */
    Hook hook() {
        return hook(threads);
    }

    /** Measures as a server runs: one thread inside a matrix product, one lane per core. */
    Hook laneHook() {
        return hook(1);
    }

    private Hook hook(int productThreads) {
        Hook hook = hooks.get(productThreads);
        if (hook == null) {
            hook = Hook.start(benchJar, productThreads, folder.resolve("bench-hook.log"));
            hooks.put(productThreads, hook);
            opened.add(hook);
        }
        return hook;
    }

    /** A new one for a single figure; the caller closes it. */
    Hook freshHook() {
        return Hook.start(benchJar, 1, folder.resolve("bench-hook.log"));
    }

    OnnxModel onnx(String resource) {
        OnnxModel model = models.get(resource);
        if (model == null) {
            model = new OnnxModel(resource, threads);
            models.put(resource, model);
            opened.add(model);
        }
        return model;
    }

    /** A client of a server with default settings, except that it has no feature cache. */
    ReservoirClient client() {
        if (client == null) {
            client = connection();
        }
        return client;
    }

    /** Another connection to the same server, which streams of {@link #client} do not delay. */
    ReservoirClient secondClient() {
        if (secondClient == null) {
            secondClient = connection();
        }
        return secondClient;
    }

    private ReservoirClient connection() {
        if (server == null) {
            server = ServerProcess.start(
                    ServerProcess.command(serverJar, List.of("--feature-cache-mib", "0")),
                    folder.resolve("bench-server.log"),
                    START,
                    elapsed -> {});
            opened.add(server);
        }
        ReservoirClient connection = ReservoirClient.connect(server.addresses().grpc(), CALL);
        opened.add(connection);
        return connection;
    }

    /** What the measuring process reports of the machine. */
    JsonObject machine() {
        if (machine == null) {
            machine = hook().measure(request("machine"));
        }
        return machine;
    }

    Targets targets() {
        return new Targets(machine().get("bf16").getAsBoolean());
    }

    static JsonObject request(String measure) {
        JsonObject request = new JsonObject();
        request.addProperty("measure", measure);
        return request;
    }

    /** The words that texts are made of, for a request. */
    static JsonArray vocabulary() {
        JsonArray words = new JsonArray();
        Texts.VOCABULARY.forEach(words::add);
        return words;
    }

    @Override
    public void close() {
        for (int i = opened.size() - 1; i >= 0; i--) {
            try {
                opened.get(i).close();
            } catch (Exception e) {
                throw new RunFailure("closing failed: " + e.getMessage(), e);
            }
        }
        opened.clear();
    }
}
