// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.eval;

import picocli.CommandLine.Command;

/** The {@code eval} subcommand: names what can be evaluated. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true,
        header = "Evaluates what heads learn on published tasks, against controls.",
        commandListHeading = "%nEvaluations:%n",
        footer = {"", "eval fpt --help lists its options."})
public final class EvalCommand {}
