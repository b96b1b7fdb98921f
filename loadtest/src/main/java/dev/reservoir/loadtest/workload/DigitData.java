// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.workload;

import com.google.protobuf.ByteString;
import dev.reservoir.v1.Audio;
import dev.reservoir.v1.AudioModality;
import dev.reservoir.v1.Classification;
import dev.reservoir.v1.Example;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Learning;
import dev.reservoir.v1.Modality;
import dev.reservoir.v1.Observation;
import dev.reservoir.v1.RecursiveLeastSquares;
import dev.reservoir.v1.Task;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;

/**
 * SYNTHETIC speech: the ten digits by a formant synthesiser, in 60 voices for training and 20 others, with other
 * accents and other speakers, for testing. The word starts anywhere in 0.8 s of white noise 10 dB below it.
 */
final class DigitData {

    private static final int SAMPLE_RATE = 8_000;
    private static final int DURATION_MILLIS = 800;
    private static final int SAMPLES = SAMPLE_RATE * DURATION_MILLIS / 1_000;
    private static final double SIGNAL_TO_NOISE_DECIBELS = 10;
    private static final List<String> LABELS =
            List.of("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine");

    private DigitData() {}

    static Workload load(long seed) {
        Random random = new Random(seed);
        List<SpokenClip> clips = SpokenClip.read(new Resource("digits.tsv.gz"), new Resource("digits.mulaw.gz"));
        List<Example> train = Examples.shuffled(examples(clips, "train", random), random);
        List<Example> test = examples(clips, "test", random);
        Baseline baseline = Baseline.majority(train, test);
        return new Workload(
                "audio-digits",
                "Audio: which digit is spoken (SYNTHETIC voices, 10 dB above noise)",
                Head.newBuilder()
                        .setModality(Modality.newBuilder()
                                .setAudio(AudioModality.newBuilder()
                                        .setSampleRate(SAMPLE_RATE)
                                        .setDurationMillis(DURATION_MILLIS)))
                        .setTask(Task.newBuilder()
                                .setClassification(Classification.newBuilder().addAllLabels(LABELS)))
                        .setLearning(Learning.newBuilder().setLeastSquares(RecursiveLeastSquares.getDefaultInstance()))
                        .build(),
                Workload.ACCURACY,
                new Workload.Data(
                        train,
                        test,
                        "SYNTHETIC: spoken by eSpeak NG 1.51 for this project, under this project's licence"),
                baseline);
    }

    private static List<Example> examples(List<SpokenClip> clips, String part, Random random) {
        return clips.stream()
                .filter(clip -> clip.part().equals(part))
                .map(clip -> Examples.labelled(
                        Observation.newBuilder().setAudio(Audio.newBuilder().setPcm16(inNoise(clip, random))),
                        clip.word()))
                .toList();
    }

    private static ByteString inNoise(SpokenClip clip, Random random) {
        double noise = Math.sqrt(clip.power() / Math.pow(10, SIGNAL_TO_NOISE_DECIBELS / 10));
        int start = random.nextInt(SAMPLES - clip.length() + 1);
        ByteBuffer pcm = ByteBuffer.allocate(SAMPLES * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < SAMPLES; at++) {
            boolean spoken = at >= start && at < start + clip.length();
            double value = noise * random.nextGaussian() + (spoken ? clip.sample(at - start) : 0);
            pcm.putShort((short) Math.round(Math.max(-1, Math.min(1, value)) * Short.MAX_VALUE));
        }
        return ByteString.copyFrom(pcm.array());
    }
}
