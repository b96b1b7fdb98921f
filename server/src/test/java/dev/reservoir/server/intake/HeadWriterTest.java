// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.intake.HeadWriter.Admission;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadWriterTest {
    private final HeadWriter writer = new HeadWriter();
    private final List<Refused> lost = new ArrayList<>();
    private final List<Long> queued = new ArrayList<>();

    private WriterLease open(long epoch) {
        WriterLease lease = new WriterLease(null, writer, lost::add);
        writer.open(epoch, lease);
        return lease;
    }

    private Admission admit(WriterLease lease, long sequence, long payload) {
        return writer.admit(lease, sequence, payload, () -> queued.add(sequence));
    }

    @Test
    void numbersStartAtOneAndFollowEachOther() {
        WriterLease lease = open(0);
        assertThat(lease.nextSequence()).isEqualTo(1);
        assertThat(admit(lease, 1, 11)).isEqualTo(Admission.QUEUED);
        assertThat(admit(lease, 2, 22)).isEqualTo(Admission.QUEUED);
        assertThat(open(0).nextSequence()).isEqualTo(3);
        assertThat(queued).containsExactly(1L, 2L);
    }

    @Test
    void aRepeatedNumberIsADuplicateOrAConflictByItsPayload() {
        WriterLease lease = open(0);
        admit(lease, 1, 11);
        assertThat(admit(lease, 1, 11)).isEqualTo(Admission.DUPLICATE);
        assertThat(admit(lease, 1, 12)).isEqualTo(Admission.CONFLICT);
        assertThat(admit(lease, 2, 22)).isEqualTo(Admission.QUEUED);
        assertThat(queued).containsExactly(1L, 2L);
    }

    @Test
    void payloadsAreComparedAsFarBackAsIsPromised() {
        WriterLease lease = open(0);
        for (int i = 1; i <= HeadWriter.REMEMBERED + 1; i++) {
            admit(lease, i, i);
        }
        assertThat(admit(lease, 2, -1)).isEqualTo(Admission.CONFLICT);
        assertThat(admit(lease, 1, -1)).isEqualTo(Admission.DUPLICATE);
    }

    @Test
    void aGapNamesTheExpectedNumber() {
        WriterLease lease = open(0);
        admit(lease, 1, 11);
        for (long wrong : new long[] {3, 100, 0, -1, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> admit(lease, wrong, 0)).isInstanceOfSatisfying(Refused.class, refused -> {
                assertThat(refused.reason()).isEqualTo(Reason.SEQUENCE_GAP);
                assertThat(refused.metadata()).containsEntry("expected", "2");
                assertThat(refused).hasMessageContaining(Long.toUnsignedString(wrong));
            });
        }
        assertThat(admit(lease, 2, 22)).isEqualTo(Admission.QUEUED);
    }

    @Test
    void aNewerWriterFencesTheOlder() {
        WriterLease older = open(5);
        WriterLease newer = open(7);
        assertThat(lost).extracting(Refused::reason).containsExactly(Reason.WRITER_FENCED);
        assertThatThrownBy(() -> admit(older, 1, 0)).hasMessageContaining("writer_epoch: 5");
        assertThat(admit(newer, 1, 0)).isEqualTo(Admission.QUEUED);
    }

    @Test
    void theSameEpochTakesOverAndALowerOneIsRefused() {
        open(7);
        WriterLease again = open(7);
        assertThat(lost).hasSize(1);
        assertThatThrownBy(() -> open(6))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.metadata()).containsEntry("newest_epoch", "7"));
        assertThat(admit(again, 1, 0)).isEqualTo(Admission.QUEUED);
    }

    /** Epochs are unsigned: those from 2^63 on are above all below, and fence them. */
    @ParameterizedTest
    @CsvSource({
        "9223372036854775807, 9223372036854775808",
        "1, 9223372036854775808",
        "9223372036854775808, 9223372036854775809",
        "9223372036854775807, 18446744073709551615",
        "18446744073709551614, 18446744073709551615",
    })
    void epochsAreComparedUnsigned(String lower, String higher) {
        open(Long.parseUnsignedLong(lower));
        WriterLease newest = open(Long.parseUnsignedLong(higher));
        assertThat(lost).hasSize(1);
        assertThatThrownBy(() -> open(Long.parseUnsignedLong(lower)))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.metadata()).containsEntry("newest_epoch", higher));
        assertThat(admit(newest, 1, 0)).isEqualTo(Admission.QUEUED);
    }

    @Test
    void theNextFreeEpochCrossesTheSignBit() {
        open(Long.MAX_VALUE);
        assertThat(open(0).epoch()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void afterTheLastEpochOnlyItsOwnWritersTakeOver() {
        open(-1);
        assertThatThrownBy(() -> open(0))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.INVALID_FIELD))
                .hasMessageContaining("18446744073709551615");
        assertThat(lost).isEmpty();
        WriterLease again = open(-1);
        assertThat(lost).hasSize(1);
        assertThat(admit(again, 1, 0)).isEqualTo(Admission.QUEUED);
    }

    @Test
    void aClosedLeaseIsNotNotified() {
        WriterLease lease = open(0);
        lease.close();
        WriterLease next = open(0);
        lease.close();
        assertThat(lost).isEmpty();
        assertThat(next.epoch()).isEqualTo(2);
        assertThat(admit(next, 1, 0)).isEqualTo(Admission.QUEUED);
        assertThatThrownBy(() -> admit(lease, 2, 0)).isInstanceOf(Refused.class);
    }

    @Test
    void aNumberIsNotConsumedIfItsExampleCannotBeQueued() {
        WriterLease lease = open(0);
        assertThat(writer.admit(lease, 1, 11, () -> false)).isEqualTo(Admission.CLOSED);
        assertThatThrownBy(() -> writer.admit(lease, 1, 11, () -> {
                    throw new OutOfMemoryError("test");
                }))
                .isInstanceOf(OutOfMemoryError.class);
        assertThat(writer.admittedThrough()).isZero();
        assertThat(admit(lease, 1, 12)).isEqualTo(Admission.QUEUED);
    }

    @Test
    void afterTheEndNothingIsAccepted() {
        WriterLease lease = open(0);
        Refused gone = new Refused(Reason.HEAD_NOT_FOUND, "head: gone");
        writer.end(gone);
        assertThat(lost).containsExactly(gone);
        assertThatThrownBy(() -> admit(lease, 1, 0)).isSameAs(gone);
        assertThatThrownBy(() -> open(0)).isSameAs(gone);
        assertThat(queued).isEmpty();
    }
}
