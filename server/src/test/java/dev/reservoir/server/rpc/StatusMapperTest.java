// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StatusMapperTest {
    private final StatusMapper mapper = new StatusMapper(() -> "incident-7");

    @ParameterizedTest
    @EnumSource(Reason.class)
    void everyReasonTravelsWithItsNameAndFacts(Reason reason) throws Exception {
        Status status = mapper.status(new Refused(reason, "field: 3 (expected: 4)", Map.of("field", "field")));

        assertThat(status.getMessage()).isEqualTo("field: 3 (expected: 4)");
        ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
        assertThat(info.getReason()).isEqualTo(reason.name());
        assertThat(info.getDomain()).isEqualTo("reservoir.dev");
        assertThat(info.getMetadataMap()).containsExactly(Map.entry("field", "field"));
        Code code = Code.forNumber(status.getCode());
        boolean later = code == Code.RESOURCE_EXHAUSTED || code == Code.UNAVAILABLE;
        assertThat(status.getDetailsCount()).isEqualTo(later ? 2 : 1);
        if (later) {
            Any retry = status.getDetails(1);
            assertThat(retry.unpack(RetryInfo.class).getRetryDelay().getSeconds()
                            + retry.unpack(RetryInfo.class).getRetryDelay().getNanos())
                    .isPositive();
        }
    }

    @Test
    void codesAreThoseOfTheContract() {
        Map<Reason, Code> some = Map.ofEntries(
                Map.entry(Reason.INVALID_FIELD, Code.INVALID_ARGUMENT),
                Map.entry(Reason.SEQUENCE_GAP, Code.OUT_OF_RANGE),
                Map.entry(Reason.HEAD_NOT_FOUND, Code.NOT_FOUND),
                Map.entry(Reason.HEAD_EXISTS, Code.ALREADY_EXISTS),
                Map.entry(Reason.WRITER_FENCED, Code.ABORTED),
                Map.entry(Reason.HEAD_FAILED, Code.FAILED_PRECONDITION),
                Map.entry(Reason.STOPPING, Code.UNAVAILABLE),
                Map.entry(Reason.OVERLOADED, Code.RESOURCE_EXHAUSTED),
                Map.entry(Reason.DEADLINE, Code.DEADLINE_EXCEEDED),
                Map.entry(Reason.CANCELLED, Code.CANCELLED),
                Map.entry(Reason.UNIMPLEMENTED, Code.UNIMPLEMENTED),
                Map.entry(Reason.INTERNAL, Code.INTERNAL));
        some.forEach((reason, code) -> assertThat(StatusMapper.code(reason)).isEqualTo(code));
    }

    @Test
    void defectShowsItsIncidentIdAndNoInternals() throws Exception {
        Status status = mapper.status(new IllegalStateException("secret of the inside"));

        assertThat(status.getCode()).isEqualTo(Code.INTERNAL_VALUE);
        assertThat(status.toString()).doesNotContain("secret");
        assertThat(status.getMessage()).contains("incident-7");
        assertThat(status.getDetails(0).unpack(ErrorInfo.class).getMetadataMap())
                .containsExactly(Map.entry("incident", "incident-7"));
    }

    @Test
    void longTextsAreCutSoThatTrailersFit() {
        Status status = mapper.status(
                new Refused(Reason.INVALID_FIELD, "😀".repeat(5_000), Map.of("field", "x".repeat(5_000))));

        assertThat(status.getSerializedSize()).isLessThan(3_000);
        assertThat(status.getMessage()).doesNotContain("?").endsWith("...");
    }
}
