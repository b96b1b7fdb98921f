// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.codec;

import static dev.reservoir.heads.codec.Fields.missing;

import com.google.protobuf.ByteString;
import com.google.protobuf.Internal;
import com.google.protobuf.UnsafeByteOperations;
import dev.reservoir.heads.Observation;
import dev.reservoir.heads.Refused;
import dev.reservoir.v1.Audio;
import dev.reservoir.v1.Image;
import dev.reservoir.v1.Matrix;
import dev.reservoir.v1.SymbolSequence;
import java.util.List;

/** Observations, to and from the wire. Their content is checked by the encoder that reads them, not here. */
public final class ObservationCodec {
    private ObservationCodec() {}

    /**
     * @param field path of the observation in its request, for the refusal
     * @throws Refused INVALID_FIELD if there is none
     */
    public static Observation decode(String field, dev.reservoir.v1.Observation observation) {
        switch (observation.getInputCase()) {
            case TEXT:
                return new Observation.Text(observation.getText());
            case IMAGE:
                return image(field + ".image", observation.getImage());
            case AUDIO:
                return audio(field + ".audio", observation.getAudio());
            case SERIES:
                Matrix series = observation.getSeries();
                return new Observation.Series(floats(series.getValuesList()), series.getColumns());
            case TOKENS:
                return new Observation.Symbols(ints(observation.getTokens().getSymbolsList()));
            case TENSOR:
                Matrix tensor = observation.getTensor();
                return new Observation.Tensor(floats(tensor.getValuesList()), tensor.getColumns());
            case INPUT_NOT_SET:
        }
        throw missing(field, "text, image, audio, series, tokens or tensor");
    }

    private static Observation image(String field, Image image) {
        switch (image.getDataCase()) {
            case ENCODED:
                return new Observation.EncodedImage(image.getEncoded().toByteArray());
            case RAW:
                return new Observation.RawImage(image.getRaw().toByteArray());
            case DATA_NOT_SET:
        }
        throw missing(field, "encoded or raw");
    }

    private static Observation audio(String field, Audio audio) {
        switch (audio.getDataCase()) {
            case WAV:
                return new Observation.WaveAudio(audio.getWav().toByteArray());
            case PCM16:
                return new Observation.PcmAudio(audio.getPcm16().toByteArray());
            case DATA_NOT_SET:
        }
        throw missing(field, "wav or pcm16");
    }

    public static dev.reservoir.v1.Observation encode(Observation observation) {
        return observation.accept(new Encoder());
    }

    private static final class Encoder implements Observation.Visitor<dev.reservoir.v1.Observation> {
        private final dev.reservoir.v1.Observation.Builder message = dev.reservoir.v1.Observation.newBuilder();

        @Override
        public dev.reservoir.v1.Observation text(Observation.Text text) {
            return message.setText(text.text()).build();
        }

        @Override
        public dev.reservoir.v1.Observation encodedImage(Observation.EncodedImage image) {
            return message.setImage(Image.newBuilder().setEncoded(bytes(image.file())))
                    .build();
        }

        @Override
        public dev.reservoir.v1.Observation rawImage(Observation.RawImage image) {
            return message.setImage(Image.newBuilder().setRaw(bytes(image.samples())))
                    .build();
        }

        @Override
        public dev.reservoir.v1.Observation waveAudio(Observation.WaveAudio audio) {
            return message.setAudio(Audio.newBuilder().setWav(bytes(audio.file())))
                    .build();
        }

        @Override
        public dev.reservoir.v1.Observation pcmAudio(Observation.PcmAudio audio) {
            return message.setAudio(Audio.newBuilder().setPcm16(bytes(audio.samples())))
                    .build();
        }

        @Override
        public dev.reservoir.v1.Observation series(Observation.Series series) {
            return message.setSeries(matrix(series.values(), series.columns())).build();
        }

        @Override
        public dev.reservoir.v1.Observation symbols(Observation.Symbols symbols) {
            SymbolSequence.Builder sequence = SymbolSequence.newBuilder();
            for (int symbol : symbols.symbols()) {
                sequence.addSymbols(symbol);
            }
            return message.setTokens(sequence).build();
        }

        @Override
        public dev.reservoir.v1.Observation tensor(Observation.Tensor tensor) {
            return message.setTensor(matrix(tensor.values(), tensor.columns())).build();
        }
    }

    private static ByteString bytes(byte[] neverWritten) {
        return UnsafeByteOperations.unsafeWrap(neverWritten);
    }

    private static Matrix matrix(float[] values, int columns) {
        Matrix.Builder matrix = Matrix.newBuilder().setColumns(columns);
        for (float value : values) {
            matrix.addValues(value);
        }
        return matrix.build();
    }

    /** Reads the list unboxed if it is the generated class's own. */
    static float[] floats(List<Float> list) {
        float[] values = new float[list.size()];
        if (list instanceof Internal.FloatList unboxed) {
            for (int i = 0; i < values.length; i++) {
                values[i] = unboxed.getFloat(i);
            }
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = list.get(i);
            }
        }
        return values;
    }

    private static int[] ints(List<Integer> list) {
        int[] values = new int[list.size()];
        if (list instanceof Internal.IntList unboxed) {
            for (int i = 0; i < values.length; i++) {
                values[i] = unboxed.getInt(i);
            }
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = list.get(i);
            }
        }
        return values;
    }
}
