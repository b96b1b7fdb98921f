// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

/**
 * Stands between the transport and every method: authentication, metrics, tracing.
 *
 * <p>An interceptor that refuses a call throws, or fails it, and does not proceed. One that wants to know how the call
 * ended registers with {@link ServerCall#onClosed} and reads {@link ServerCall#code} there.
 */
@FunctionalInterface
public interface Interceptor {
    /**
     * Runs on the call's context before anything of its request is read.
     *
     * @param proceed hands the call to the next interceptor, in the end to its method; runs at most once, on the call's
     *     context, now or later
     */
    void intercept(ServerCall<?, ?> call, Runnable proceed);
}
