package dev.reservoir.loadtest.client;

import com.google.common.base.Strings;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;

/**
 * A call, a stream or one request of a stream that failed, with what the server said about it.
 *
 * <p>The message reads {@code what: CODE (REASON): description}; the reason is left out where the server gave none.
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

    /** From what a stub threw or a stream ended with. */
    public static CallFailure of(String what, Throwable cause) {
        if (cause instanceof CallFailure already) {
            return already;
        }
        Status status = Status.fromThrowable(cause);
        com.google.rpc.Status details = StatusProto.fromThrowable(cause);
        String reason = details == null ? "" : reasonOf(details);
        return new CallFailure(what, status.getCode(), reason, describe(status), cause);
    }

    /** From an error that travels inside a stream. */
    public static CallFailure of(String what, com.google.rpc.Status error) {
        Status status = Status.fromCodeValue(error.getCode()).withDescription(error.getMessage());
        return new CallFailure(
                what,
                status.getCode(),
                reasonOf(error),
                describe(status),
                StatusProto.toStatusRuntimeException(error.getCode() == 0 ? unknown(error) : error));
    }

    /** From a peer that does not keep to the contract. */
    static CallFailure brokenContract(String what, String description) {
        return new CallFailure(what, Status.Code.INTERNAL, "", description, Status.INTERNAL.asRuntimeException());
    }

    public Status.Code code() {
        return code;
    }

    /** The reason of the {@code ErrorInfo} among the details; empty where there is none. */
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

    /** A description for people: causes that only the client's transport knows are appended. */
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
