package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.HiddenStates;
import dev.reservoir.heads.Substrate;
import dev.reservoir.heads.SubstrateInfo;
import dev.reservoir.heads.SubstrateInput;
import dev.reservoir.server.substrate.torch.PackedBatch;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The port over one {@link BertProgram}. */
public final class BertSubstrate implements Substrate {
    private final BertProgram program;
    private final SubstrateInfo info;
    private final NormRow ownNorms;
    private final @Nullable Runnable between;

    public BertSubstrate(BertProgram program, SubstrateInfo info, NormRow ownNorms) {
        this(program, info, ownNorms, null);
    }

    private BertSubstrate(BertProgram program, SubstrateInfo info, NormRow ownNorms, @Nullable Runnable between) {
        this.program = program;
        this.info = info;
        this.ownNorms = ownNorms;
        this.between = between;
    }

    @Override
    public Substrate pausing(Runnable pause) {
        return new BertSubstrate(program, info, ownNorms, pause);
    }

    @Override
    public SubstrateInfo info() {
        return info;
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
        return new NormRow(ownNorms.gains().clone(), ownNorms.biases().clone());
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

    /** The digest of the weights as they lie in memory now; equal to {@link SubstrateInfo#digest} while nothing has changed them. */
    public String liveDigest() {
        return program.digest();
    }

    @Override
    public void close() {
        program.close();
    }
}
