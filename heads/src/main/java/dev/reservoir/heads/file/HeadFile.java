// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.file;

import com.google.gson.JsonArray;
import dev.reservoir.heads.HeadSnapshot;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.NamedTensor;
import dev.reservoir.heads.PartVisitor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A head as a file: everything that its answers are computed with, and nothing about how it learns. */
public final class HeadFile {
    /** Identifies the kind of file, under {@code format} in its metadata. */
    public static final String FORMAT = "reservoir.head.v1";

    private HeadFile() {}

    /**
     * The file of one snapshot of a head.
     *
     * @param origin further metadata: the origin of the head
     * @throws dev.reservoir.heads.Refused TOO_LARGE if one of its maps is too large to be exported
     */
    public static SafetensorsOutput of(HeadSpec spec, HeadSnapshot snapshot, Map<String, String> origin) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", FORMAT);
        metadata.put("weights", "[in, out]");
        metadata.put("reads", spec.modality().readsTokenIds() ? "token_ids" : "rows");
        metadata.put("max_tokens", Integer.toString(spec.modality().maxTokens()));
        JsonArray labels = new JsonArray();
        snapshot.labels().forEach(labels::add);
        metadata.put("labels", labels.toString());
        metadata.putAll(origin);
        List<NamedTensor> tensors = new ArrayList<>();
        PartVisitor parts = new PartVisitor() {
            @Override
            public void tensor(NamedTensor tensor) {
                tensors.add(tensor);
            }

            @Override
            public void choice(String name, String value) {
                metadata.put(name, value);
            }
        };
        snapshot.encoder().visitParts(parts);
        snapshot.visitParts(parts);
        return new SafetensorsOutput(metadata, tensors);
    }
}
