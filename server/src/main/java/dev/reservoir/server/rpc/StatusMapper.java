// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The single mapping from failures to the status a client sees. Anything but a {@link Refused} is a defect: it is
 * logged once with its stack trace under an incident id, and the client sees only that id.
 */
public final class StatusMapper {
    static final String DOMAIN = "reservoir.dev";

    private static final Logger LOG = LoggerFactory.getLogger(StatusMapper.class);
    /** Trailers must stay below the 8 KiB that clients accept, percent-encoded and in base64. */
    private static final int LONGEST_TEXT = 400;

    private final Supplier<String> incidents;

    public StatusMapper(Supplier<String> incidents) {
        this.incidents = incidents;
    }

    public Status status(Throwable failure) {
        Refused refused = refusal(failure);
        Map<String, String> metadata = new HashMap<>();
        refused.metadata().forEach((key, value) -> metadata.put(key, cut(value)));
        Status.Builder status = Status.newBuilder()
                .setCode(code(refused.reason()).getNumber())
                .setMessage(cut(String.valueOf(refused.getMessage())))
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason(refused.reason().name())
                        .setDomain(DOMAIN)
                        .putAllMetadata(metadata)
                        .build()));
        Reason.Kind kind = refused.reason().kind();
        if (kind == Reason.Kind.EXHAUSTED || kind == Reason.Kind.UNAVAILABLE) {
            status.addDetails(Any.pack(RetryInfo.newBuilder()
                    .setRetryDelay(retryDelay(refused.reason()))
                    .build()));
        }
        return status.build();
    }

    public static Code code(Reason reason) {
        return switch (reason.kind()) {
            case INVALID -> Code.INVALID_ARGUMENT;
            case OUT_OF_RANGE -> Code.OUT_OF_RANGE;
            case NOT_FOUND -> Code.NOT_FOUND;
            case EXISTS -> Code.ALREADY_EXISTS;
            case ABORTED -> Code.ABORTED;
            case PRECONDITION -> Code.FAILED_PRECONDITION;
            case UNAVAILABLE -> Code.UNAVAILABLE;
            case EXHAUSTED -> Code.RESOURCE_EXHAUSTED;
            case DEADLINE -> Code.DEADLINE_EXCEEDED;
            case CANCELLED -> Code.CANCELLED;
            case UNIMPLEMENTED -> Code.UNIMPLEMENTED;
            case INTERNAL -> Code.INTERNAL;
        };
    }

    private Refused refusal(Throwable failure) {
        if (failure instanceof Refused refused) {
            return refused;
        }
        if (failure instanceof OutOfMemoryError) {
            LOG.error("A request was given up for want of memory", failure);
            return new Refused(Reason.MEMORY_LIMIT, "memory: exhausted (expected: enough for the request)");
        }
        String incident = incidents.get();
        LOG.error("Incident {}", incident, failure);
        return new Refused(
                Reason.INTERNAL,
                "incident: " + incident + " (expected: none; the server's log has its trace)",
                Map.of("incident", incident));
    }

    /** When a retry may succeed: a slot among the heads rarely becomes free, one in a queue soon does. */
    private static Duration retryDelay(Reason reason) {
        long millis = switch (reason) {
            case HEAD_LIMIT -> 60_000;
            case STOPPING -> 1_000;
            default -> 100;
        };
        return Duration.newBuilder()
                .setSeconds(millis / 1_000)
                .setNanos((int) (millis % 1_000) * 1_000_000)
                .build();
    }

    private static String cut(String text) {
        if (text.length() <= LONGEST_TEXT) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(LONGEST_TEXT - 1)) ? LONGEST_TEXT - 1 : LONGEST_TEXT;
        return text.substring(0, end) + "...";
    }
}
