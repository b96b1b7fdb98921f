// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs feature requests through the substrate: all requests of a batch that use the substrate's own norms in one pass,
 * each distinct observation once, and all that bring their own norms in another. They cannot share a pass, because
 * norms selected by row round differently from the substrate's own, and frozen features must not depend on what else is
 * in the batch.
 *
 * <p>A failure is confined to the request that causes it: if a pass fails, its sequences are retried in halves, until
 * only those fail that fail on their own. There is no retry after an {@link OutOfMemoryError}, which could recur for
 * each of them. Not thread-safe.
 */
final class FeatureExtractor {
    /** The outcome of a request: exactly one component is present. */
    record Outcome(@Nullable Features features, @Nullable Refused refused) {}

    private static final Logger LOG = LoggerFactory.getLogger(FeatureExtractor.class);

    private final Substrate substrate;
    private final FeatureCache cache;

    FeatureExtractor(Substrate substrate, FeatureCache cache) {
        this.substrate = substrate;
        this.cache = cache;
    }

    /** One outcome per request, in their order. */
    List<Outcome> extract(List<FeatureRequest> requests) {
        Outcome[] outcomes = new Outcome[requests.size()];
        Map<FeatureCache.Key, Integer> firstWithKey = new HashMap<>();
        int[] sameAs = new int[outcomes.length];
        List<Sequence> own = new ArrayList<>();
        List<Sequence> withNorms = new ArrayList<>();
        for (int i = 0; i < outcomes.length; i++) {
            FeatureRequest request = requests.get(i);
            sameAs[i] = i;
            Features known = request.cached() != null ? request.cached() : cache.get(request.key());
            if (known != null) {
                outcomes[i] = new Outcome(known, null);
                continue;
            }
            if (request.key() != null) {
                Integer first = firstWithKey.putIfAbsent(request.key(), i);
                if (first != null) {
                    sameAs[i] = first;
                    continue;
                }
            }
            try {
                ObservationEncoder encoder = request.encoder();
                ObservationEncoder.Encoded encoded = encoder.encode(request.observation());
                if (encoded.input() == null) {
                    outcomes[i] = finished(request, encoder.features(encoded, null, 0));
                } else {
                    (encoder.norms() == null ? own : withNorms).add(new Sequence(i, request, encoded, encoded.input()));
                }
            } catch (Throwable e) {
                outcomes[i] = failed("observation: could not be encoded", e);
            }
        }
        pass(own, outcomes);
        pass(withNorms, outcomes);
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = outcomes[sameAs[i]];
        }
        return List.of(outcomes);
    }

    private void pass(List<Sequence> sequences, Outcome[] outcomes) {
        if (sequences.isEmpty()) {
            return;
        }
        HiddenStates hidden;
        try {
            hidden = forward(sequences);
        } catch (Throwable e) {
            if (sequences.size() == 1 || e instanceof OutOfMemoryError) {
                Outcome failed = failed("observation: could not be read by the substrate", e);
                sequences.forEach(sequence -> outcomes[sequence.index] = failed);
            } else {
                LOG.warn(
                        "A pass of {} sequences failed and is made again in halves: {}",
                        sequences.size(),
                        e.toString());
                pass(sequences.subList(0, sequences.size() / 2), outcomes);
                pass(sequences.subList(sequences.size() / 2, sequences.size()), outcomes);
            }
            return;
        }
        for (int i = 0; i < sequences.size(); i++) {
            Sequence sequence = sequences.get(i);
            FeatureRequest request = sequence.request;
            try {
                outcomes[sequence.index] = finished(request, request.encoder().features(sequence.encoded, hidden, i));
            } catch (Throwable e) {
                outcomes[sequence.index] = failed("observation: its features could not be made", e);
            }
        }
    }

    private HiddenStates forward(List<Sequence> sequences) {
        List<SubstrateInput> inputs = new ArrayList<>(sequences.size());
        // Heads whose norms are frozen share the substrate's row, and thus a slot.
        Map<NormRow, Integer> slotOf = new IdentityHashMap<>();
        List<NormRow> norms = new ArrayList<>();
        int[] slots = new int[sequences.size()];
        for (int i = 0; i < slots.length; i++) {
            inputs.add(sequences.get(i).input);
            NormRow row = sequences.get(i).request.encoder().norms();
            if (row != null) {
                Integer known = slotOf.putIfAbsent(row, norms.size());
                slots[i] = known == null ? norms.size() : known;
                if (known == null) {
                    norms.add(row);
                }
            }
        }
        return norms.isEmpty()
                ? substrate.forward(inputs)
                : substrate.tunable().forward(inputs, NormBank.of(norms), slots);
    }

    private Outcome finished(FeatureRequest request, Features features) {
        cache.put(request.key(), features);
        return new Outcome(features, null);
    }

    private static Outcome failed(String what, Throwable thrown) {
        if (!(thrown instanceof Refused)) {
            LOG.error("{}; the rest of its batch continues", what, thrown);
        }
        return new Outcome(null, Failure.refusal(what, thrown));
    }

    /** An encoded observation that the substrate has to read. */
    private record Sequence(
            int index, FeatureRequest request, ObservationEncoder.Encoded encoded, SubstrateInput input) {}
}
