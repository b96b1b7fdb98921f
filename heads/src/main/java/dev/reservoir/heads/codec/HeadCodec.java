// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.missing;
import static dev.reservoir.heads.codec.Fields.unknown;

import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.HeadName;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.LearningSpec;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Task;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import java.util.Locale;

/** A head's specification, to and from the wire. */
public final class HeadCodec {
    private HeadCodec() {}

    /**
     * The specification with every default filled in; the message's name and output fields are ignored.
     *
     * @throws Refused INVALID_FIELD naming the field
     */
    public static HeadSpec decode(HeadName name, Head head) {
        if (head.getKind() == Head.Kind.UNRECOGNIZED) {
            throw unknown("kind", head.getKindValue(), "READOUT or FPT");
        }
        if (!head.hasModality()) {
            throw missing("modality", "what the head reads");
        }
        if (!head.hasTask()) {
            throw missing("task", "what the head answers");
        }
        ModalitySpec modality = ModalityCodec.decode(head.getModality());
        Task task = TaskCodec.decode(head.getTask(), modality);
        boolean throughSubstrate = throughSubstrate(head);
        EncoderSpec encoder = EncoderCodec.decode(head.getEncoder(), modality, task, throughSubstrate);
        return new HeadSpec(
                name,
                modality,
                task,
                encoder,
                throughSubstrate
                        ? LearningCodec.decodeFpt(head.getLearning(), modality, task)
                        : LearningCodec.decode(head.getLearning(), modality, task, encoder),
                head.getSeed());
    }

    /** Whether the head is of kind FPT; refuses a learning rule of the other kind. */
    private static boolean throughSubstrate(Head head) {
        Learning.RuleCase rule = head.getLearning().getRuleCase();
        boolean throughSubstrate = head.getKind() == Head.Kind.FPT
                || (head.getKind() == Head.Kind.KIND_UNSPECIFIED && rule == Learning.RuleCase.FPT);
        Refused.check(
                throughSubstrate
                        ? rule == Learning.RuleCase.FPT || rule == Learning.RuleCase.RULE_NOT_SET
                        : rule != Learning.RuleCase.FPT,
                "learning",
                rule.name().toLowerCase(Locale.ROOT),
                throughSubstrate ? "fpt, or none, for kind FPT" : "least_squares or gradient for kind READOUT");
        return throughSubstrate;
    }

    /** The whole specification of a head, defaults included; output fields are for the caller to add. */
    public static Head.Builder encode(HeadSpec spec) {
        return Head.newBuilder()
                .setName(spec.name().toString())
                .setModality(ModalityCodec.encode(spec.modality()))
                .setTask(TaskCodec.encode(spec.task()))
                .setKind(spec.learning() instanceof LearningSpec.Fpt ? Head.Kind.FPT : Head.Kind.READOUT)
                .setEncoder(EncoderCodec.encode(spec.encoder()))
                .setLearning(LearningCodec.encode(spec.learning()))
                .setSeed(spec.seed());
    }
}
