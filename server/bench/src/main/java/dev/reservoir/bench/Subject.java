// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.bench;

import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo.Shape.Bert;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.server.Core;
import dev.reservoir.server.CoreOptions;
import dev.reservoir.server.substrate.Precision;
import dev.reservoir.server.substrate.Processor;
import dev.reservoir.server.substrate.SubstrateOptions;
import dev.reservoir.server.substrate.Substrates;
import dev.reservoir.server.substrate.torch.BareProduct;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What is measured: opened when first needed, kept until the end. Not thread-safe. */
final class Subject implements AutoCloseable {
    private final int threads;
    private final LongSupplier clock;
    private final Processor processor = Processor.read();
    private final Map<Precision, TunableSubstrate> substrates = new EnumMap<>(Precision.class);
    private final List<AutoCloseable> opened = new ArrayList<>();
    private @Nullable DjlOperatorsBert djl;

    /** @param threads inside one product */
    Subject(int threads, LongSupplier clock) {
        this.threads = threads;
        this.clock = clock;
    }

    int threads() {
        return threads;
    }

    LongSupplier clock() {
        return clock;
    }

    Processor processor() {
        return processor;
    }

    /** The substrate as a server would run it. */
    TunableSubstrate usual() {
        return substrate(Precision.AUTO);
    }

    /** @throws IllegalArgumentException for a precision that this processor has not */
    TunableSubstrate substrate(Precision precision) {
        TunableSubstrate substrate = substrates.get(precision);
        if (substrate == null) {
            substrate = Substrates.open(new SubstrateOptions("minilm", precision, "cpu", threads))
                    .tunable();
            substrates.put(precision, substrate);
            opened.add(substrate);
        }
        return substrate;
    }

    /**
     * A server without its network on {@link #usual}, with the other options a server has by itself; the caller closes
     * it.
     */
    Core core(long featureCacheBytes) {
        return new Core(usual(), CoreOptions.usual().withFeatureCacheBytes(featureCacheBytes), clock);
    }

    /** The sizes of a substrate of this family. */
    static Bert shape(Substrate substrate) {
        return (Bert) substrate.info().shape();
    }

    DjlOperatorsBert djl() {
        if (djl == null) {
            djl = DjlOperatorsBert.of(substrate(Precision.F32), threads);
            opened.add(djl);
        }
        return djl;
    }

    BareProduct product() {
        BareProduct product = new BareProduct(threads, clock);
        opened.add(product);
        return product;
    }

    AttentionParts attention(Bert shape) {
        AttentionParts attention = new AttentionParts(shape, threads, clock);
        opened.add(attention);
        return attention;
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }
}
