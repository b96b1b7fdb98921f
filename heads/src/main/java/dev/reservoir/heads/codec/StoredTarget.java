// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.reservoir.heads.Refused;
import dev.reservoir.heads.Target;
import dev.reservoir.heads.UnusableState;

/** A target in a stored state, as the message of the wire. Whether it fits a task is checked when it is learned. */
public final class StoredTarget {
    private StoredTarget() {}

    public static ByteString encode(Target target) {
        return TargetCodec.encode(target).toByteString();
    }

    /** @throws UnusableState DAMAGED */
    public static Target decode(ByteString stored) {
        try {
            return TargetCodec.decode("target", dev.reservoir.v1.Target.parseFrom(stored));
        } catch (InvalidProtocolBufferException | Refused malformed) {
            throw UnusableState.damaged("target", malformed.getMessage(), "a target");
        }
    }
}
