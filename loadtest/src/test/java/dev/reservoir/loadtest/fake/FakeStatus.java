// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/** Errors as the contract shapes them: a code, a message and a reason. */
final class FakeStatus {
    private FakeStatus() {}

    static com.google.rpc.Status error(Status.Code code, String reason, String message) {
        return com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage(message)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setDomain("reservoir.dev")
                        .setReason(reason)
                        .build()))
                .build();
    }

    static StatusRuntimeException failure(Status.Code code, String reason, String message) {
        return StatusProto.toStatusRuntimeException(error(code, reason, message));
    }
}
