// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.client;

import com.google.common.base.Strings;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;

/**
 * A failed call, a failed stream, or a failed request within a stream, with what the server reported.
 *
 * <p>The message reads {@code what: CODE (REASON): description}; the reason is omitted if the server gave none.
 */
public final class CallFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Status.Code code;
    private final String reason;

    private CallFailure(String what, Status.Code code, String reason, String description, Throwable cause) {
        super(what + ": " + code + (reason.isEmpty() ? "" : " (" + reason + ")") + ": " + description, cause);
        this.code = code;
        this.reason = reason;
    }

    /** Converts an exception thrown by a stub or passed to a stream's {@code onError}. */
    public static CallFailure of(String what, Throwable cause) {
        if (cause instanceof CallFailure already) {
            return already;
        }
        Status status = Status.fromThrowable(cause);
        com.google.rpc.Status details = StatusProto.fromThrowable(cause);
        String reason = details == null ? "" : reasonOf(details);
        return new CallFailure(what, status.getCode(), reason, describe(status), cause);
    }

    /** Converts an error reported inside a stream. */
    public static CallFailure of(String what, com.google.rpc.Status error) {
        Status status = Status.fromCodeValue(error.getCode()).withDescription(error.getMessage());
        return new CallFailure(
                what,
                status.getCode(),
                reasonOf(error),
                describe(status),
                StatusProto.toStatusRuntimeException(error.getCode() == 0 ? unknown(error) : error));
    }

    /** Reports a peer that violates the contract. */
    static CallFailure brokenContract(String what, String description) {
        return new CallFailure(what, Status.Code.INTERNAL, "", description, Status.INTERNAL.asRuntimeException());
    }

    public Status.Code code() {
        return code;
    }

    /** The reason of the {@code ErrorInfo} among the details; empty if there is none. */
    public String reason() {
        return reason;
    }

    private static String reasonOf(com.google.rpc.Status error) {
        for (Any detail : error.getDetailsList()) {
            if (detail.is(ErrorInfo.class)) {
                try {
                    return detail.unpack(ErrorInfo.class).getReason();
                } catch (InvalidProtocolBufferException e) {
                    return "unreadable ErrorInfo";
                }
            }
        }
        return "";
    }

    /** A description for people; appends causes that only the client's transport can report. */
    private static String describe(Status status) {
        Throwable cause = status.getCause();
        String description = Strings.nullToEmpty(status.getDescription());
        String deeper = cause == null ? "" : Strings.nullToEmpty(cause.getMessage());
        if (description.isEmpty()) {
            return deeper.isEmpty() ? "no description" : deeper;
        }
        return description.contains(deeper) ? description : description + " (" + deeper + ")";
    }

    private static com.google.rpc.Status unknown(com.google.rpc.Status error) {
        return error.toBuilder().setCode(Status.Code.UNKNOWN.value()).build();
    }
}
