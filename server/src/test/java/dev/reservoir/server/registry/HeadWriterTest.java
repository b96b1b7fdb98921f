package dev.reservoir.server.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.registry.HeadWriter.Admission;
import dev.reservoir.server.registry.HeadWriter.Pen;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeadWriterTest {
    private final HeadWriter writer = new HeadWriter();
    private final List<Refused> fenced = new ArrayList<>();

    @Test
    void numbersStartAtOneAndFollowEachOther() {
        Pen pen = writer.open(0, fenced::add);
        assertThat(pen.nextSequence()).isEqualTo(1);
        assertThat(writer.admit(pen, 1, 11)).isEqualTo(Admission.NEW);
        assertThat(writer.admit(pen, 2, 22)).isEqualTo(Admission.NEW);
        assertThat(writer.open(0, fenced::add).nextSequence()).isEqualTo(3);
    }

    @Test
    void aRepeatedNumberIsADuplicateOrAConflictByItsPayload() {
        Pen pen = writer.open(0, fenced::add);
        writer.admit(pen, 1, 11);
        assertThat(writer.admit(pen, 1, 11)).isEqualTo(Admission.DUPLICATE);
        assertThat(writer.admit(pen, 1, 12)).isEqualTo(Admission.CONFLICT);
        assertThat(writer.admit(pen, 2, 22)).isEqualTo(Admission.NEW);
    }

    @Test
    void payloadsAreComparedAsFarBackAsIsPromised() {
        Pen pen = writer.open(0, fenced::add);
        for (int i = 1; i <= HeadWriter.REMEMBERED + 1; i++) {
            writer.admit(pen, i, i);
        }
        assertThat(writer.admit(pen, 2, -1)).isEqualTo(Admission.CONFLICT);
        assertThat(writer.admit(pen, 1, -1)).isEqualTo(Admission.DUPLICATE);
    }

    @Test
    void aGapNamesTheExpectedNumber() {
        Pen pen = writer.open(0, fenced::add);
        writer.admit(pen, 1, 11);
        for (long wrong : new long[] {3, 100, 0, -1}) {
            assertThatThrownBy(() -> writer.admit(pen, wrong, 0)).isInstanceOfSatisfying(Refused.class, refused -> {
                assertThat(refused.reason()).isEqualTo(Reason.SEQUENCE_GAP);
                assertThat(refused.metadata()).containsEntry("expected", "2");
            });
        }
        assertThat(writer.admit(pen, 2, 22)).isEqualTo(Admission.NEW);
    }

    @Test
    void aNewerWriterFencesTheOlder() {
        Pen older = writer.open(5, fenced::add);
        Pen newer = writer.open(7, fenced::add);
        assertThat(fenced).extracting(Refused::reason).containsExactly(Reason.WRITER_FENCED);
        assertThatThrownBy(() -> writer.admit(older, 1, 0)).hasMessageContaining("writer_epoch: 5");
        assertThat(writer.admit(newer, 1, 0)).isEqualTo(Admission.NEW);
    }

    @Test
    void theSameEpochTakesOverAndALowerOneIsRefused() {
        writer.open(7, fenced::add);
        Pen again = writer.open(7, fenced::add);
        assertThat(fenced).hasSize(1);
        assertThatThrownBy(() -> writer.open(6, fenced::add))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.metadata()).containsEntry("newest_epoch", "7"));
        assertThat(writer.admit(again, 1, 0)).isEqualTo(Admission.NEW);
    }

    @Test
    void aPenThatWasGivenBackFencesNobody() {
        Pen pen = writer.open(0, fenced::add);
        writer.close(pen);
        Pen next = writer.open(0, fenced::add);
        writer.close(pen);
        assertThat(fenced).isEmpty();
        assertThat(next.epoch()).isEqualTo(2);
        assertThat(writer.admit(next, 1, 0)).isEqualTo(Admission.NEW);
    }
}
