// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.reservoir.heads.HeadSpec;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.UnusableState.Problem;
import dev.reservoir.v1.Head;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A head's specification as its stored state has it, without the head's name: a fork has the state of another head. */
public final class StoredSpec {
    private StoredSpec() {}

    public static ByteString encode(HeadSpec spec) {
        return HeadCodec.encode(spec).clearName().build().toByteString();
    }

    /**
     * Checks that a state belongs to a head with this specification, whatever its name.
     *
     * @throws UnusableState OTHER_SPECIFICATION naming the first field that differs, or DAMAGED
     */
    public static void check(HeadSpec spec, ByteString stored) {
        Head expected = HeadCodec.encode(spec).clearName().build();
        Head met;
        try {
            met = Head.parseFrom(stored);
        } catch (InvalidProtocolBufferException malformed) {
            throw UnusableState.damaged("spec", malformed.getMessage(), "a head");
        }
        if (met.equals(expected)) {
            return;
        }
        List<FieldDescriptor> path = new ArrayList<>();
        Difference difference = difference(withDefaults(spec, met), expected, path);
        if (difference != null) {
            throw new UnusableState(
                    Problem.OTHER_SPECIFICATION,
                    String.join(".", path.stream().map(FieldDescriptor::getName).toList()) + ": " + difference.met()
                            + " (expected: " + difference.expected() + ", as the head has it)");
        }
        UnusableState.check(!hasUnknownFields(met, stored), "spec", "fields that are not known", "known ones");
    }

    /** An older program did not know the fields that were added since: their defaults are what it did. */
    private static Head withDefaults(HeadSpec spec, Head stored) {
        try {
            return HeadCodec.encode(HeadCodec.decode(spec.name(), stored))
                    .clearName()
                    .build();
        } catch (Refused otherwise) {
            return stored;
        }
    }

    private static boolean hasUnknownFields(Head met, ByteString stored) {
        try {
            return !DiscardUnknownFieldsParser.wrap(Head.parser())
                    .parseFrom(stored)
                    .equals(met);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("it was parsed before", e);
        }
    }

    private record Difference(String met, String expected) {}

    /** The first difference; its field is at the end of the path. Null if there is none. */
    private static @Nullable Difference difference(Message met, Message expected, List<FieldDescriptor> path) {
        Set<FieldDescriptor> fields =
                new LinkedHashSet<>(expected.getAllFields().keySet());
        fields.addAll(met.getAllFields().keySet());
        for (FieldDescriptor field : fields) {
            Object a = met.getField(field);
            Object b = expected.getField(field);
            boolean sameCase = !field.hasPresence() || met.hasField(field) == expected.hasField(field);
            if (sameCase && a.equals(b)) {
                continue;
            }
            path.add(field);
            Difference inside = sameCase && a instanceof Message inner ? difference(inner, (Message) b, path) : null;
            return inside != null ? inside : new Difference(words(met, field), words(expected, field));
        }
        return null;
    }

    private static String words(Message message, FieldDescriptor field) {
        if (field.isRepeated()) {
            return message.getRepeatedFieldCount(field) + " entries";
        }
        if (field.hasPresence() && !message.hasField(field)) {
            return "nothing";
        }
        Object value = message.getField(field);
        return value instanceof Message ? "another" : value.toString();
    }
}
