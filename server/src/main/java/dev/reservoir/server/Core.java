package dev.reservoir.server;

import dev.reservoir.heads.Substrate;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.metrics.Metrics;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * A server without its network: what makes heads, which heads exist, and the engine that runs them on one substrate.
 *
 * <p>Closing ends the lanes first, then frees the heads and what made them: a lane that is left inside native code
 * crashes the process.
 */
public final class Core implements AutoCloseable {
    private final HeadFactory factory;
    private final HeadRegistry registry;
    private final Metrics metrics = new Metrics();
    private final ExecutorService helpers;
    private final Engine engine;
    private final LongSupplier nanoClock;

    /**
     * Starts the lanes.
     *
     * @param substrate outlives this
     * @param nanoClock what deadlines and batches are timed by
     */
    public Core(Substrate substrate, CoreOptions options, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        factory = new HeadFactory(substrate);
        registry = new HeadRegistry(factory, options.maxHeads(), Instant::now);
        helpers = helpers();
        engine = new Engine(
                substrate,
                new Engine.Settings(options.batches(), options.lanes(), options.featureCacheBytes()),
                helpers,
                nanoClock,
                metrics);
    }

    /** Threads that help lanes with the answers of many heads: one a core, for the weights of so many heads come from memory. */
    private static ExecutorService helpers() {
        AtomicInteger threads = new AtomicInteger();
        return Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), work -> {
            Thread thread = new Thread(work, "answers-" + threads.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
    }

    HeadFactory factory() {
        return factory;
    }

    public HeadRegistry registry() {
        return registry;
    }

    public Engine engine() {
        return engine;
    }

    LongSupplier nanoClock() {
        return nanoClock;
    }

    @Override
    public void close() {
        engine.close();
        helpers.shutdown();
        for (LiveHead head : registry.all()) {
            head.close();
        }
        factory.close();
    }
}
