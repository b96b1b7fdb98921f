// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Text in columns as wide as their widest cell, separated by two spaces. */
public final class Columns {
    /** How a cell is aligned in its column. */
    public enum Side {
        LEFT,
        RIGHT
    }

    private final List<Side> sides;
    private final List<List<String>> rows = new ArrayList<>();

    public Columns(Side... sides) {
        this.sides = List.of(sides);
    }

    public Columns row(String... cells) {
        if (cells.length != sides.size()) {
            throw new IllegalArgumentException("cells: " + cells.length + " (expected: " + sides.size() + ")");
        }
        rows.add(List.of(cells));
        return this;
    }

    public List<String> lines() {
        int[] widths = new int[sides.size()];
        for (List<String> row : rows) {
            Arrays.setAll(widths, i -> Math.max(widths[i], row.get(i).length()));
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = row.get(i);
            String space = " ".repeat(widths[i] - cell.length());
            line.append(i == 0 ? "" : "  ").append(sides.get(i) == Side.LEFT ? cell + space : space + cell);
        }
        return line.toString().stripTrailing();
    }
}
