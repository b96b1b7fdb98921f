// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.serving;

import static dev.reservoir.heads.Refused.check;

import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.server.engine.HashedObservation;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A request to predict one observation with heads of one tenant.
 *
 * @param heads 1 to 10,000, all of one tenant
 * @param observationId the id under which its truth may come later, at most 128 bytes; empty for none
 * @param observationBytes size of the observation as received
 * @param maxScores most scores per head, at least 0; 0 for all of them
 * @param minAppliedSequence number that every head must have handled first, at least 0; 0 for none
 */
public record PredictionRequest(
        List<HeadName> heads,
        HashedObservation observation,
        String observationId,
        long observationBytes,
        int maxScores,
        long minAppliedSequence) {
    /** Most heads in one request. */
    public static final int MOST_HEADS = 10_000;

    private static final int USUAL_SCORES = 10;
    private static final int MOST_SCORES = 100_000;
    private static final int ID_BYTES = 128;

    public PredictionRequest {
        checkNames(heads);
        heads = List.copyOf(heads);
        int idBytes = observationId.getBytes(StandardCharsets.UTF_8).length;
        check(idBytes <= ID_BYTES, "observation_id", idBytes + " bytes", "at most " + ID_BYTES);
        check(
                minAppliedSequence >= 0,
                "min_applied_sequence",
                Long.toUnsignedString(minAppliedSequence),
                "at most " + Long.MAX_VALUE);
    }

    public String tenant() {
        return heads.get(0).tenant();
    }

    /** What a request counts against a bound in heads with the default number of scores. */
    public static long weight(int heads, int requestedScores) {
        return Math.max(heads, (long) heads * Math.max(0, requestedScores) / USUAL_SCORES);
    }

    /**
     * The scores per head that a client requests by {@code max_scores}.
     *
     * @param requested 0 for the default of 10, -1 for all
     * @throws Refused INVALID_FIELD if there are too many over all heads
     */
    public static int scores(int requested, int heads) {
        if (requested == 0) {
            return USUAL_SCORES;
        }
        check(requested >= -1, "max_scores", requested, "-1 or more");
        if (requested == -1) {
            return 0;
        }
        if ((long) requested * heads > Math.max(MOST_SCORES, (long) USUAL_SCORES * heads)) {
            throw new Refused(
                    Reason.INVALID_FIELD,
                    "max_scores: " + requested + " for " + heads + " heads (expected: at most " + MOST_SCORES
                            + " scores in all)",
                    Map.of("field", "max_scores"));
        }
        return requested;
    }

    private static void checkNames(List<HeadName> heads) {
        checkCount(heads.size());
        String tenant = heads.get(0).tenant();
        for (HeadName name : heads) {
            check(name.tenant().equals(tenant), "heads", name, "heads of one tenant, the first is of " + tenant);
        }
    }

    /** @throws Refused INVALID_FIELD if one request must not name so many heads */
    public static void checkCount(int heads) {
        check(heads >= 1 && heads <= MOST_HEADS, "heads", heads + " names", "1 to " + MOST_HEADS);
    }
}
