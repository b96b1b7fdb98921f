package dev.reservoir.bench;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.modality.EncoderDefaults;
import dev.reservoir.server.engine.Engine;
import dev.reservoir.server.registry.HeadFactory;
import dev.reservoir.server.registry.HeadRegistry;
import dev.reservoir.server.registry.LiveHead;
import dev.reservoir.server.schedule.BatchPolicy;
import dev.reservoir.server.substrate.OpenSubstrate;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

/** A server without its network: engine, lanes, registry and learners. */
final class EngineRoom implements AutoCloseable {
    static final String TENANT = "bench";
    static final int CLASSES = 10;

    private static final int MAX_HEADS = 20_000;

    private final HeadFactory factory;
    private final HeadRegistry registry;
    private final Engine engine;

    EngineRoom(OpenSubstrate open, Subject subject, long cacheBytes) {
        factory = new HeadFactory(open.substrate(), open.tokenizer());
        registry = new HeadRegistry(factory, MAX_HEADS, Instant::now);
        engine = new Engine(open.substrate(), BatchPolicy.usual(lanes()), lanes(), cacheBytes, subject.clock());
    }

    /** As many as a server starts unless it is told otherwise. */
    static int lanes() {
        return Math.min(8, Runtime.getRuntime().availableProcessors());
    }

    Engine engine() {
        return engine;
    }

    /** A head for text with ten labels. */
    LiveHead head(String id, LearningSpec learning) {
        ModalitySpec modality = new ModalitySpec.Text(EncoderDefaults.TEXT_MAX_TOKENS);
        List<String> labels =
                IntStream.range(0, CLASSES).mapToObj(EngineRoom::label).toList();
        Task task = new Task.Classification(labels, CLASSES);
        EncoderSpec encoder = EncoderDefaults.encoder(modality, task);
        return head(new HeadSpec(new HeadName(TENANT, id), modality, task, encoder, learning, 0));
    }

    LiveHead head(HeadSpec spec) {
        return registry.create(spec, "");
    }

    static LearningSpec gradient() {
        return new LearningSpec.Gradient(1e-2, 0, 1, 256);
    }

    static LearningSpec leastSquares() {
        return new LearningSpec.RecursiveLeastSquares(100, 1, 256);
    }

    static String label(int index) {
        return "label-" + index;
    }

    @Override
    public void close() {
        engine.close();
        for (LiveHead head : registry.all()) {
            head.learner().close();
        }
        factory.close();
    }
}
