package dev.reservoir.heads.train;

import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.task.Truth;
import java.util.List;

/** A decoded observation with its checked truths: none where no token of it is labelled. */
record Example(ObservationRows rows, List<Truth> truths) {
    int tokens() {
        return rows.tokenIds() == null ? rows.rows() : rows.tokenIds().tokens();
    }

    long bytes() {
        long numbers = rows.values().length + (rows.places() == null ? 0L : rows.places().length);
        long ids = rows.tokenIds() == null ? 0 : rows.tokenIds().ids().length;
        long dense = 0;
        for (Truth truth : truths) {
            dense += 64 + 4L * (truth.dense() == null ? 1 : truth.dense().length);
        }
        return 128 + 4 * (numbers + ids) + dense;
    }
}
