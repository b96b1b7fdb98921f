// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.reservoir.heads.Reason;
import dev.reservoir.server.rpc.StatusMapper;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Reads the details of a failure as a client sees them, and checks the parts that every failure has. */
final class Errors {
    private Errors() {}

    static ErrorInfo refusedWith(Reason reason, ThrowingCallable call) {
        Throwable failure = catchThrowable(call);
        assertThat(failure).isInstanceOf(StatusRuntimeException.class);
        return info(reason, (StatusRuntimeException) failure);
    }

    static ErrorInfo info(Reason reason, StatusRuntimeException failure) {
        Status status = StatusProto.fromThrowable(failure);
        assertThat(status).isNotNull();
        assertThat(failure.getStatus().getCode().value()).isEqualTo(status.getCode());
        assertThat(failure.getStatus().getDescription()).isEqualTo(status.getMessage());
        return info(reason, status);
    }

    static ErrorInfo info(Reason reason, Status status) {
        assertThat(status.getMessage()).contains("(expected: ");
        assertThat(status.getCode()).isEqualTo(StatusMapper.code(reason).getNumber());
        boolean retry = reason.kind() == Reason.Kind.EXHAUSTED || reason.kind() == Reason.Kind.UNAVAILABLE;
        assertThat(status.getDetailsList().stream().anyMatch(detail -> detail.is(RetryInfo.class)))
                .isEqualTo(retry);
        Any first = status.getDetails(0);
        try {
            ErrorInfo info = first.unpack(ErrorInfo.class);
            assertThat(info.getReason()).as(status.getMessage()).isEqualTo(reason.name());
            assertThat(info.getDomain()).isEqualTo("reservoir.dev");
            return info;
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }
}
