// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.train;

import dev.reservoir.heads.Features;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.ObservationRows;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.Task;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.heads.task.Truth;
import dev.reservoir.state.v1.Example;
import dev.reservoir.state.v1.Scale;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Examples to their stored form and back. What comes back is what a reader and the head's targets could have made: no
 * number in it leads outside of an array.
 */
final class StoredExamples {
    private final ModalitySpec modality;
    private final FptModel model;
    private final int rowWidth;
    private final int vocabulary;
    private final boolean labelled;
    private final int outputs;

    /** @param outputs that the head knows */
    StoredExamples(HeadSpec spec, FptModel model, int outputs) {
        this.modality = spec.modality();
        this.model = model;
        this.rowWidth = model.reader().rowWidth();
        this.vocabulary = model.substrate().info().vocabulary();
        this.labelled = spec.task() instanceof Task.Labelled;
        this.outputs = outputs;
    }

    static List<Example> pack(List<MinibatchExample> examples) {
        return examples.stream().map(StoredExamples::pack).toList();
    }

    private static Example pack(MinibatchExample example) {
        ObservationRows rows = example.rows();
        Example.Builder stored = Example.newBuilder()
                .setSequence(example.sequence())
                .setRows(rows.rows())
                .setValues(Packed.of(rows.values()));
        if (rows.columns() != null) {
            stored.setColumns(Packed.of(rows.columns()));
        }
        if (rows.tokenIds() != null) {
            stored.setTokenIds(Packed.of(rows.tokenIds().ids()));
        }
        if (rows.scale() != null) {
            stored.setScale(pack(rows.scale()));
        }
        example.truths().forEach(truth -> stored.addTruths(pack(truth)));
        return stored.build();
    }

    static Scale pack(Features.Scale scale) {
        return Scale.newBuilder()
                .setShift(Packed.of(scale.shift()))
                .setFactor(Packed.of(scale.factor()))
                .build();
    }

    private static dev.reservoir.state.v1.Truth pack(Truth truth) {
        dev.reservoir.state.v1.Truth.Builder stored = dev.reservoir.state.v1.Truth.newBuilder()
                .setRow(truth.row())
                .setLast(truth.last())
                .setKnown(truth.known())
                .setOutputs(truth.outputs());
        if (truth.positives() != null) {
            stored.setPositives(Packed.of(truth.positives()));
        }
        if (truth.values() != null) {
            stored.setValues(Packed.of(truth.values()));
        }
        if (truth.scale() != null) {
            stored.setScale(Packed.of(truth.scale()));
        }
        return stored.build();
    }

    /** @throws UnusableState DAMAGED */
    List<MinibatchExample> unpack(List<Example> stored) {
        List<MinibatchExample> examples = new ArrayList<>(stored.size());
        for (Example example : stored) {
            ObservationRows rows = rows(example);
            int tokens = rows.tokenIds() == null ? rows.rows() : rows.tokenIds().tokens();
            List<Truth> truths = new ArrayList<>(example.getTruthsCount());
            for (dev.reservoir.state.v1.Truth truth : example.getTruthsList()) {
                truths.add(truth(truth, model.pooling().rows(tokens)));
            }
            examples.add(new MinibatchExample(example.getSequence(), rows, truths));
        }
        return examples;
    }

    private ObservationRows rows(Example example) {
        int most = modality.maxTokens();
        int rows = example.getRows();
        UnusableState.check(rows >= 1 && rows <= most, "example.rows", rows, "1 to " + most);
        int count = example.getValues().size() / Float.BYTES;
        boolean sparse = example.hasColumns();
        UnusableState.check(
                sparse ? count % rows == 0 : count == (long) rows * rowWidth,
                "example.values",
                count + " numbers",
                rows + " rows of " + rowWidth);
        int[] columns = sparse ? Packed.ints("example.columns", example.getColumns(), count) : null;
        if (columns != null) {
            checkAll("example.columns", columns, rowWidth);
        }
        UnusableState.check(
                example.hasTokenIds() == modality.readsTokenIds(),
                "example.token_ids",
                example.hasTokenIds() ? "some" : "none",
                "those of modality " + modality.kind());
        SubstrateInput.TokenIds ids = null;
        if (example.hasTokenIds()) {
            int tokens = example.getTokenIds().size() / Integer.BYTES;
            UnusableState.check(tokens >= 1 && tokens <= most, "example.token_ids", tokens, "1 to " + most);
            ids = new SubstrateInput.TokenIds(Packed.ints("example.token_ids", example.getTokenIds(), tokens));
            checkAll("example.token_ids", ids.ids(), vocabulary);
        }
        float[] values = Packed.floats("example.values", example.getValues(), count);
        return new ObservationRows(rows, columns, values, ids, example.hasScale() ? scale(example.getScale()) : null);
    }

    /** @throws UnusableState DAMAGED */
    static Features.Scale scale(Scale stored) {
        int channels = stored.getShift().size() / Float.BYTES;
        UnusableState.check(channels >= 1, "scale", channels + " channels", "at least 1");
        return new Features.Scale(
                Packed.floats("scale.shift", stored.getShift(), channels),
                Packed.floats("scale.factor", stored.getFactor(), channels));
    }

    private Truth truth(dev.reservoir.state.v1.Truth stored, int rows) {
        int row = stored.getRow();
        int known = stored.getKnown();
        int with = stored.getOutputs();
        UnusableState.check(row >= 0 && row < rows, "truth.row", row, "0 to " + (rows - 1));
        UnusableState.check(
                known >= 0 && known <= with && with <= outputs,
                "truth.outputs",
                known + ", " + with,
                "0 to " + outputs);
        UnusableState.check(
                stored.hasPositives() == labelled && stored.hasValues() != labelled,
                "truth",
                stored.hasPositives() ? "labels" : "values",
                labelled ? "labels" : "values");
        int[] positives = null;
        if (stored.hasPositives()) {
            int count = stored.getPositives().size() / Integer.BYTES;
            positives = Packed.ints("truth.positives", stored.getPositives(), count);
            checkAll("truth.positives", positives, with);
        }
        float[] values = stored.hasValues() ? Packed.floats("truth.values", stored.getValues(), with) : null;
        return new Truth(row, stored.getLast(), known, with, positives, values, factors(stored));
    }

    private static float @Nullable [] factors(dev.reservoir.state.v1.Truth stored) {
        if (!stored.hasScale()) {
            return null;
        }
        int channels = stored.getScale().size() / Float.BYTES;
        UnusableState.check(channels >= 1, "truth.scale", channels + " channels", "at least 1");
        return Packed.floats("truth.scale", stored.getScale(), channels);
    }

    private static void checkAll(String field, int[] values, int bound) {
        for (int value : values) {
            UnusableState.check(value >= 0 && value < bound, field, value, "0 to " + (bound - 1));
        }
    }
}
