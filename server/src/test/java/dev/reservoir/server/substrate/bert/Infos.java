package dev.reservoir.server.substrate.bert;

import dev.reservoir.heads.SubstrateInfo;

/** A description for substrates that tests put together themselves. */
final class Infos {
    private Infos() {}

    static SubstrateInfo of(BertProgram program) {
        BertShape shape = program.shape();
        return new SubstrateInfo(
                "test",
                program.digest(),
                "bert",
                shape.layers(),
                shape.width(),
                shape.attentionHeads(),
                shape.feedForwardWidth(),
                shape.vocabulary(),
                shape.positions(),
                shape.norms(),
                0,
                program.products().precision(),
                "test",
                "cpu",
                program.weightBytes(),
                true,
                "test");
    }
}
