// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import java.lang.reflect.Field;
import java.util.IdentityHashMap;
import java.util.function.Supplier;

/**
 * Makes one creation of a native array run out of memory, among those {@link #during} some work. Not thread-safe.
 *
 * <p>Every native array enters the innermost {@link NDScope} of its thread when it is created, so the map of that scope
 * is where a creation can be made to fail, whichever operation it belongs to.
 */
final class FailingAllocations {
    private int left;

    /** @param sound how many arrays are created before the one that fails */
    FailingAllocations(int sound) {
        left = sound;
    }

    /** Whether the array that fails has been asked for. */
    boolean failed() {
        return left < 0;
    }

    /** Runs some work; if an array fails in it, runs it again. */
    <T> T during(Supplier<T> work) {
        try {
            return once(work);
        } catch (OutOfMemoryError wanted) {
            return once(work);
        }
    }

    private <T> T once(Supplier<T> work) {
        try (NDScope scope = new NDScope()) {
            Field resources = NDScope.class.getDeclaredField("resources");
            resources.setAccessible(true);
            resources.set(scope, new IdentityHashMap<NDArray, NDArray>() {
                @Override
                public NDArray put(NDArray array, NDArray same) {
                    if (left-- == 0) {
                        array.close();
                        throw new OutOfMemoryError("as a test wants it");
                    }
                    return same;
                }
            });
            return work.get();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
