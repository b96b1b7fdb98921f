// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import ai.djl.engine.Engine;
import dev.reservoir.server.startup.Machine;
import dev.reservoir.server.startup.NativeCache;
import dev.reservoir.server.startup.StartFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Loads libtorch without network access and without log messages that would worry a user.
 *
 * <p>A process calls {@link #prepare} first, before any other class of DJL is touched: DJL reads these properties once.
 * Properties that are set already are kept.
 */
public final class NativeRuntime {
    private NativeRuntime() {}

    /**
     * Sets the properties that DJL reads when it loads; cheap and idempotent.
     *
     * @param intraOpThreads threads inside one product, at least 1
     */
    public static void prepare(int intraOpThreads) {
        if (intraOpThreads < 1) {
            throw new IllegalArgumentException("intra-op threads: " + intraOpThreads + " (expected: >= 1)");
        }
        setDefault("ai.djl.offline", "true");
        setDefault("OPT_OUT_TRACKING", "true");
        setDefault("ai.djl.pytorch.num_interop_threads", "1");
        setDefault("ai.djl.pytorch.num_threads", Integer.toString(intraOpThreads));
        setDefault("ai.djl.pytorch.graph_optimizer", "false");
    }

    /**
     * Loads the natives, unpacking them on the first start of a machine.
     *
     * @throws StartFailure if this machine cannot run them or lacks the disk space for them
     */
    public static Engine load(int intraOpThreads) {
        Machine.check();
        prepare(intraOpThreads);
        return unpacking(() -> Engine.getEngine("PyTorch"));
    }

    /**
     * Runs what unpacks and loads native libraries.
     *
     * @throws StartFailure if that fails
     */
    public static <T> T unpacking(Supplier<T> load) {
        Path cache = NativeCache.choose();
        setDefault(NativeCache.VARIABLE, cache.toString());
        try {
            return load.get();
        } catch (RuntimeException | LinkageError e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof IOException io) {
                    throw NativeCache.unusable(cache, StartFailure.reason(io), e);
                }
            }
            throw new StartFailure(
                    "native libraries: " + StartFailure.reasons(e) + " (expected: a system with glibc, and undamaged"
                            + " files in " + cache + ", which may be deleted)",
                    e);
        }
    }

    private static void setDefault(String name, String value) {
        if (System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }
}
