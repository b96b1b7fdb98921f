// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInfo.Identity;
import dev.reservoir.heads.SubstrateInfo.Numerics;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.heads.TextTokenizer;
import dev.reservoir.heads.TunableSubstrate;
import dev.reservoir.server.substrate.torch.PackedBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One {@link BertProgram} with its tokeniser, behind the port. */
public final class BertSubstrate implements TunableSubstrate {
    private final BertProgram program;
    private final SubstrateInfo info;
    private final NormRow ownNorms;
    private final TextTokenizer tokenizer;
    private final @Nullable Runnable between;

    /**
     * Describes a program.
     *
     * @param program closed with this
     * @param ownNorms as pretrained
     * @param tokenizer closed with this
     */
    public BertSubstrate(
            String name, BertProgram program, NormRow ownNorms, TextTokenizer tokenizer, Numerics numerics) {
        this(
                program,
                new SubstrateInfo(
                        new Identity(name, program.digest()), program.shape().described(), numerics),
                ownNorms,
                tokenizer,
                null);
    }

    private BertSubstrate(
            BertProgram program,
            SubstrateInfo info,
            NormRow ownNorms,
            TextTokenizer tokenizer,
            @Nullable Runnable between) {
        this.program = program;
        this.info = info;
        this.ownNorms = ownNorms;
        this.tokenizer = tokenizer;
        this.between = between;
    }

    @Override
    public TunableSubstrate pausing(Runnable pause) {
        return new BertSubstrate(program, info, ownNorms, tokenizer, pause);
    }

    @Override
    public SubstrateInfo info() {
        return info;
    }

    @Override
    public TextTokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public int norms() {
        return program.shape().norms();
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences) {
        return program.forward(sequences, between);
    }

    @Override
    public HiddenStates forward(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        PackedBatch batch = PackedBatch.of(sequences, program.limits());
        NormRows rows = NormRows.of(norms, slots, batch, program.shape());
        return program.forward(
                batch,
                rows,
                between,
                hidden -> batch.unpack(hidden, program.shape().width()));
    }

    @Override
    public TracedForward trace(List<SubstrateInput> sequences, NormBank norms, int[] slots) {
        PackedBatch batch = PackedBatch.of(sequences, program.limits());
        if (batch.places().length != batch.rows()) {
            throw new IllegalArgumentException(
                    "sequences: token ids (expected: embeddings only, to take gradients by)");
        }
        return new Traced(program, batch, NormRows.of(norms, slots, batch, program.shape()), between);
    }

    @Override
    public NormRow ownNorms() {
        return ownNorms;
    }

    @Override
    public float[] wordEmbeddings(int[] ids) {
        for (int id : ids) {
            if (id < 0 || id >= program.shape().vocabulary()) {
                throw new IllegalArgumentException("token id: " + id + " (expected: 0 to "
                        + (program.shape().vocabulary() - 1) + ")");
            }
        }
        return program.wordEmbeddings(ids);
    }

    /**
     * The digest of the weights as they are in memory now; equal to {@link Identity#digest} while nothing has changed
     * them.
     */
    String liveDigest() {
        return program.digest();
    }

    @Override
    public void close() {
        program.close();
        tokenizer.close();
    }
}
