// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

/** Every reason for which a request is refused, in one list; the wire carries the name as {@code ErrorInfo.reason}. */
public enum Reason {
    /** A field of a request or a specification is missing or out of range. */
    INVALID_FIELD(Kind.INVALID),
    /** The observation is of another modality than the head reads. */
    WRONG_MODALITY(Kind.INVALID),
    /** The observation is malformed, of the wrong size or not finite. */
    INVALID_OBSERVATION(Kind.INVALID),
    /** The observation or message is larger than the server accepts. */
    TOO_LARGE(Kind.INVALID),
    /** The target does not fit the head's task. */
    WRONG_TARGET(Kind.INVALID),
    /** More labels than the head may have. */
    LABEL_LIMIT(Kind.INVALID),
    /** Messages of a stream came in an order that has no meaning. */
    STREAM_ORDER(Kind.INVALID),
    /** The same sequence number came again with another payload. */
    SEQUENCE_CONFLICT(Kind.INVALID),
    /** A sequence number skipped some before it. */
    SEQUENCE_GAP(Kind.OUT_OF_RANGE),
    /** No such head. */
    HEAD_NOT_FOUND(Kind.NOT_FOUND),
    /** A held observation is unknown or no longer stored. */
    UNKNOWN_OBSERVATION(Kind.NOT_FOUND),
    /** The name is already in use. */
    HEAD_EXISTS(Kind.EXISTS),
    /** A newer writer has taken over the head. */
    WRITER_FENCED(Kind.ABORTED),
    /** The head met a number that is not finite and learns no more. */
    HEAD_FAILED(Kind.PRECONDITION),
    /** The head did not reach the requested sequence number in time. */
    NOT_YET_APPLIED(Kind.UNAVAILABLE),
    /** The server has reached its maximum number of heads. */
    HEAD_LIMIT(Kind.EXHAUSTED),
    /** A queue is full; try again later. */
    OVERLOADED(Kind.EXHAUSTED),
    /** The server is stopping. */
    STOPPING(Kind.UNAVAILABLE),
    /** The caller's deadline passed before the work began. */
    DEADLINE(Kind.DEADLINE),
    /** The call was cancelled before the work began. */
    CANCELLED(Kind.CANCELLED),
    /** A defect of the server. */
    INTERNAL(Kind.INTERNAL),
    /** The memory that the server reserves for its clients' data is full. */
    MEMORY_LIMIT(Kind.EXHAUSTED),
    /** No such method, or a message encoding that is not supported. */
    UNIMPLEMENTED(Kind.UNIMPLEMENTED);

    /** What a caller can do about it; each maps to one status code of the wire. */
    public enum Kind {
        INVALID,
        OUT_OF_RANGE,
        NOT_FOUND,
        EXISTS,
        ABORTED,
        PRECONDITION,
        UNAVAILABLE,
        EXHAUSTED,
        DEADLINE,
        CANCELLED,
        UNIMPLEMENTED,
        INTERNAL
    }

    private final Kind kind;

    Reason(Kind kind) {
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
