package dev.reservoir.heads.train;

import dev.reservoir.heads.AdmittedObservation;
import dev.reservoir.heads.EncoderKey;
import dev.reservoir.heads.Features;
import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.ObservationEncoder;
import dev.reservoir.heads.ObservationReader;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.PartVisitor;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.heads.TunableSubstrate.NormRow;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** An observation through the parts of one snapshot. */
final class FptEncoder implements ObservationEncoder {
    private static final float[] NO_INPUT = {};

    private final ObservationReader reader;
    private final TunableSubstrate substrate;
    private final TokenPooling pooling;
    private final FptParameters inside;

    FptEncoder(ObservationReader reader, TunableSubstrate substrate, TokenPooling pooling, FptParameters inside) {
        this.reader = reader;
        this.substrate = substrate;
        this.pooling = pooling;
        this.inside = inside;
    }

    @Override
    public @Nullable EncoderKey key() {
        return null;
    }

    @Override
    public boolean readsSubstrate() {
        return true;
    }

    @Override
    public NormRow norms() {
        return inside.norms();
    }

    @Override
    public int featureWidth() {
        return pooling.featureWidth();
    }

    @Override
    public AdmittedObservation admit(Observation observation) {
        return reader.admit(observation);
    }

    @Override
    public Encoded encode(AdmittedObservation observation) {
        ObservationRows rows = reader.read(observation);
        var input = inside.embed(rows, substrate, pooling.width());
        return new Encoded(input, NO_INPUT, pooling.rows(input.tokens()), rows.scale());
    }

    @Override
    public Features features(Encoded encoded, @Nullable HiddenStates hidden, int sequence) {
        if (hidden == null) {
            throw new IllegalArgumentException("hidden states: none (expected: some)");
        }
        return new Features(pooling.pool(hidden, sequence), encoded.rows(), encoded.tokens(), encoded.scale());
    }

    @Override
    public void visitParts(PartVisitor parts) {
        inside.visitParts(pooling.width(), parts);
        parts.choice("pooling", pooling.pooling().name().toLowerCase(Locale.ROOT));
        parts.choice("pooled_length", "as_it_is");
    }
}
