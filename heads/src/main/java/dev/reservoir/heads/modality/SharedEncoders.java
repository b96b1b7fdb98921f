// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import com.google.errorprone.annotations.ThreadSafe;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.MemoryAccount;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationEncoder;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The encoders that are in use. Equal specifications yield the same encoder while one of its leases is open; the last
 * lease that is closed gives its memory back. Memory is reserved before an encoder is made.
 */
@ThreadSafe
public final class SharedEncoders {
    private final Encoders encoders;

    @SuppressWarnings("ThreadSafe")
    private final MemoryAccount memory;

    @GuardedBy("this")
    @SuppressWarnings("ThreadSafe")
    private final Map<EncoderKey, Shared> inUse = new HashMap<>();

    /** @param memory the Java heap that encoders draw on */
    public SharedEncoders(Encoders encoders, MemoryAccount memory) {
        this.encoders = encoders;
        this.memory = memory;
    }

    /**
     * Leases the encoder of a modality; making it may take up to a second.
     *
     * @throws dev.reservoir.heads.Refused as {@link Encoders#encoder}; MEMORY_LIMIT if there is no memory for it
     */
    public EncoderLease lease(ModalitySpec modality, EncoderSpec encoder) {
        Encoders.Plan plan = encoders.plan(modality, encoder);
        EncoderLease known = known(plan.key());
        return known != null ? known : made(plan);
    }

    private synchronized @Nullable EncoderLease known(EncoderKey key) {
        Shared shared = inUse.get(key);
        return shared == null ? null : new Lease(shared);
    }

    /** Outside the lock, because it takes long. */
    private EncoderLease made(Encoders.Plan plan) {
        MemoryAccount.Grant grant = memory.reserve(plan.makingBytes());
        boolean used = false;
        try {
            Shared made = new Shared(plan.make(), grant);
            grant.resize(plan.bytes());
            Lease lease = add(plan.key(), made);
            used = lease.shared == made;
            return lease;
        } finally {
            if (!used) {
                grant.close();
            }
        }
    }

    /** A lease of the encoder, or of the equal one that another thread made first. */
    private synchronized Lease add(EncoderKey key, Shared made) {
        Shared first = inUse.putIfAbsent(key, made);
        return new Lease(first == null ? made : first);
    }

    /** Number of encoders that are in use. */
    synchronized int size() {
        return inUse.size();
    }

    private static final class Shared {
        private final ObservationEncoder encoder;
        private final MemoryAccount.Grant grant;
        private int leases;

        Shared(ObservationEncoder encoder, MemoryAccount.Grant grant) {
            this.encoder = encoder;
            this.grant = grant;
        }
    }

    private final class Lease implements EncoderLease {
        private final Shared shared;
        private final AtomicBoolean closed = new AtomicBoolean();

        Lease(Shared shared) {
            this.shared = shared;
            shared.leases++;
        }

        @Override
        public ObservationEncoder encoder() {
            return shared.encoder;
        }

        @Override
        public EncoderLease another() {
            synchronized (SharedEncoders.this) {
                if (closed.get()) {
                    throw new IllegalStateException("lease: closed (expected: one that is open)");
                }
                return new Lease(shared);
            }
        }

        @Override
        public void close() {
            synchronized (SharedEncoders.this) {
                if (!closed.compareAndSet(false, true)) {
                    return;
                }
                shared.leases--;
                if (shared.leases == 0) {
                    inUse.remove(shared.encoder.key());
                    shared.grant.close();
                }
            }
        }
    }
}
