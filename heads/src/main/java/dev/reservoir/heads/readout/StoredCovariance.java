// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.readout;

import ai.djl.ndarray.NDManager;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.heads.UnusableState;
import dev.reservoir.heads.readout.InverseCovariance.Settings;
import dev.reservoir.heads.state.Packed;
import dev.reservoir.state.v1.Covariance;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * An {@link InverseCovariance} that has rows and nothing left to do, as it is stored.
 *
 * @param matrix what {@link SymmetricMatrix#writeTo} writes, little-endian
 * @param weight sum over the rows of {@code forgetting^age}
 * @param last the last row, {@code [F]}
 * @param shift how the centre moved, {@code [F]}; null if it did not
 */
record StoredCovariance(ByteString matrix, double weight, float[] last, Frame frame, double @Nullable [] shift) {

    /** @throws UnusableState DAMAGED */
    static StoredCovariance of(Covariance state, Settings settings) {
        int features = settings.features();
        ByteString matrix = state.getMatrix();
        long numbers = SymmetricMatrix.storedNumbers(features + 1);
        UnusableState.check(
                matrix.size() == Double.BYTES * numbers,
                "covariance.matrix",
                matrix.size() + " bytes",
                numbers + " numbers of " + Double.BYTES);
        ByteBuffer bytes = matrix.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            Packed.checkFinite("covariance.matrix", bytes.getDouble());
        }
        boolean moved = !state.getShift().isEmpty();
        return new StoredCovariance(
                matrix,
                Packed.checkFinite("covariance.weight", state.getWeight()),
                Packed.floats("covariance.last", state.getLast(), features),
                Frame.restore(state.getFrame(), features),
                moved ? Packed.doubles("covariance.shift", state.getShift(), features) : null);
    }

    /** Writes a matrix of {@code size} rows. */
    static ByteString pack(SymmetricMatrix matrix, int size) {
        int bytes = Math.toIntExact(Double.BYTES * SymmetricMatrix.storedNumbers(size));
        ByteBuffer numbers = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        matrix.writeTo(numbers.asDoubleBuffer());
        return UnsafeByteOperations.unsafeWrap(numbers);
    }

    /** The matrix, in memory of its own. */
    SymmetricMatrix unpack(NDManager manager) {
        SymmetricMatrix made = SymmetricMatrix.of(manager, last.length + 1, 0);
        try {
            made.readFrom(
                    matrix.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer());
        } catch (RuntimeException | Error failure) {
            made.close();
            throw failure;
        }
        return made;
    }

    Covariance state() {
        Covariance.Builder state = Covariance.newBuilder()
                .setMatrix(matrix)
                .setWeight(weight)
                .setLast(Packed.of(last))
                .setFrame(frame.state());
        if (shift != null) {
            state.setShift(Packed.of(shift));
        }
        return state.build();
    }
}
