package dev.reservoir.server.engine;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TunableSubstrate.NormBank;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs readings through the substrate: all of a batch that read it with its own norms in one pass, each distinct observation once, and in
 * another all that bring norms. Not in one: norms picked by row round differently from the substrate's own, and frozen features must not
 * depend on what else is read.
 */
final class FeatureExtractor {
    /** What became of a reading: exactly one is present. */
    record Outcome(@Nullable Features features, @Nullable Refused refused) {}

    private static final Logger LOG = LoggerFactory.getLogger(FeatureExtractor.class);

    private final Substrate substrate;
    private final FeatureCache cache;

    FeatureExtractor(Substrate substrate, FeatureCache cache) {
        this.substrate = substrate;
        this.cache = cache;
    }

    /** One outcome a reading, in their order. */
    List<Outcome> read(List<FeatureRequest> readings) {
        Outcome[] outcomes = new Outcome[readings.size()];
        Map<FeatureCache.Key, Integer> firstWithKey = new HashMap<>();
        int[] sameAs = new int[outcomes.length];
        List<Pass> passes = new ArrayList<>();
        for (int i = 0; i < outcomes.length; i++) {
            FeatureRequest reading = readings.get(i);
            sameAs[i] = i;
            Features known = reading.cached() != null ? reading.cached() : cache.get(reading.key());
            if (known != null) {
                outcomes[i] = new Outcome(known, null);
                continue;
            }
            if (reading.key() != null) {
                Integer first = firstWithKey.putIfAbsent(reading.key(), i);
                if (first != null) {
                    sameAs[i] = first;
                    continue;
                }
            }
            try {
                ObservationEncoder.Encoded encoded = reading.encoder().encode(reading.observation());
                if (encoded.input() == null) {
                    outcomes[i] = finished(reading, reading.encoder().features(encoded, null, 0));
                } else {
                    passes.add(new Pass(i, encoded, encoded.input()));
                }
            } catch (Refused refused) {
                outcomes[i] = new Outcome(null, refused);
            } catch (RuntimeException e) {
                LOG.error("An observation could not be encoded; the others of its batch go on", e);
                outcomes[i] = new Outcome(null, new Refused(Reason.INTERNAL, "observation: could not be encoded"));
            }
        }
        runPasses(readings, with(passes, readings, false), outcomes);
        runPasses(readings, with(passes, readings, true), outcomes);
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = outcomes[sameAs[i]];
        }
        return List.of(outcomes);
    }

    private static List<Pass> with(List<Pass> passes, List<FeatureRequest> readings, boolean norms) {
        return passes.stream()
                .filter(pass -> (readings.get(pass.index).encoder().norms() != null) == norms)
                .toList();
    }

    private void runPasses(List<FeatureRequest> readings, List<Pass> passes, Outcome[] outcomes) {
        if (passes.isEmpty()) {
            return;
        }
        List<SubstrateInput> inputs = new ArrayList<>(passes.size());
        List<NormRow> norms = new ArrayList<>();
        int[] slots = new int[passes.size()];
        for (int sequence = 0; sequence < passes.size(); sequence++) {
            inputs.add(passes.get(sequence).input);
            NormRow row = readings.get(passes.get(sequence).index).encoder().norms();
            if (row != null) {
                slots[sequence] = slot(norms, row);
            }
        }
        HiddenStates hidden = norms.isEmpty()
                ? substrate.forward(inputs)
                : substrate.tunable().forward(inputs, NormBank.of(norms), slots);
        for (int sequence = 0; sequence < passes.size(); sequence++) {
            Pass pass = passes.get(sequence);
            FeatureRequest reading = readings.get(pass.index);
            outcomes[pass.index] = finished(reading, reading.encoder().features(pass.encoded, hidden, sequence));
        }
    }

    /** The row's slot; heads whose norms do not learn share the substrate's row. */
    private static int slot(List<NormRow> norms, NormRow row) {
        for (int slot = 0; slot < norms.size(); slot++) {
            if (norms.get(slot) == row) {
                return slot;
            }
        }
        norms.add(row);
        return norms.size() - 1;
    }

    private Outcome finished(FeatureRequest reading, Features features) {
        cache.put(reading.key(), features);
        return new Outcome(features, null);
    }

    private record Pass(int index, ObservationEncoder.Encoded encoded, SubstrateInput input) {}
}
