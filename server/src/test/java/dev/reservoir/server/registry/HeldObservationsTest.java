package dev.reservoir.server.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import org.junit.jupiter.api.Test;

class HeldObservationsTest {
    private static final Observation FIRST = new Observation.Text("first");
    private static final Observation SECOND = new Observation.Text("second");

    @Test
    void holdsTheNewestByCount() {
        HeldObservations held = new HeldObservations(2, 1_000);
        held.hold("a", "1", FIRST, 10);
        held.hold("a", "2", SECOND, 10);
        held.hold("a", "3", SECOND, 10);
        assertThatThrownBy(() -> held.get("a", "1"))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.UNKNOWN_OBSERVATION));
        assertThat(held.get("a", "2")).isSameAs(SECOND);
    }

    @Test
    void holdsTheNewestByBytes() {
        HeldObservations held = new HeldObservations(100, 25);
        held.hold("a", "1", FIRST, 10);
        held.hold("a", "2", SECOND, 10);
        held.hold("a", "3", SECOND, 10);
        assertThatThrownBy(() -> held.get("a", "1")).isInstanceOf(Refused.class);
        assertThat(held.get("a", "3")).isSameAs(SECOND);
    }

    @Test
    void aRepeatedIdReplaces() {
        HeldObservations held = new HeldObservations(2, 25);
        held.hold("a", "1", FIRST, 20);
        held.hold("a", "1", SECOND, 20);
        assertThat(held.get("a", "1")).isSameAs(SECOND);
    }

    @Test
    void tenantsDoNotSeeEachOther() {
        HeldObservations held = new HeldObservations(2, 25);
        held.hold("a", "1", FIRST, 20);
        assertThatThrownBy(() -> held.get("b", "1")).isInstanceOf(Refused.class);
    }
}
