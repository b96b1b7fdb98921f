// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values that are the same object for equal keys as long as something else references them. Thread-safe. */
final class WeakValues<K, V> {
    @GuardedBy("this")
    private final Map<K, WeakReference<V>> values = new HashMap<>();

    synchronized @Nullable V get(K key) {
        WeakReference<V> reference = values.get(key);
        return reference == null ? null : reference.get();
    }

    /** The value that the key has, or else the given one, which it has from now on. */
    synchronized V putIfAbsent(K key, V value) {
        V first = get(key);
        if (first != null) {
            return first;
        }
        values.values().removeIf(reference -> reference.get() == null);
        values.put(key, new WeakReference<>(value));
        return value;
    }
}
