package dev.reservoir.server.engine;

import dev.reservoir.heads.HeadSpec;
import java.util.List;

/** A change of a head's specification, made in the head's turn of what the head is by then, so that no change undoes another. */
public interface SpecUpdate {
    /**
     * @param labels all that the head knows, declared and learned
     * @throws dev.reservoir.heads.Refused where the change cannot be made
     */
    HeadSpec apply(HeadSpec now, List<String> labels);
}
