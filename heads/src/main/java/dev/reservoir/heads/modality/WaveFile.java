package dev.reservoir.heads.modality;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/** RIFF/WAVE files and bare samples of linear PCM to one channel of numbers from -1 to 1. */
final class WaveFile {
    private static final String FIELD = "observation.audio.wav";
    private static final String EXPECTED = "a sound RIFF/WAVE file";

    private WaveFile() {}

    /** Refuses files that are too large or not RIFF/WAVE by their first bytes. */
    static void checkFile(byte[] file) {
        ObservationChecks.checkBytes(FIELD, file);
        // Checked here because the library also reads other formats, and even renders MIDI.
        if (file.length < 12
                || !ascii(file, 0).equals("RIFF")
                || !ascii(file, 8).equals("WAVE")) {
            throw ObservationChecks.invalid(FIELD, "a file without RIFF and WAVE at its start", "a RIFF/WAVE file");
        }
    }

    /** At most {@code most} samples of a file that must have the given rate; stereo is averaged. */
    static float[] decode(byte[] file, int sampleRate, int most) {
        checkFile(file);
        try (AudioInputStream stream = AudioSystem.getAudioInputStream(new ByteArrayInputStream(file))) {
            AudioFormat format = stream.getFormat();
            checkFormat(format, sampleRate);
            long announced = stream.getFrameLength();
            byte[] bytes = stream.readAllBytes();
            long found = bytes.length / format.getFrameSize();
            if (found == 0) {
                throw ObservationChecks.invalid(FIELD, "0 samples", "at least 1");
            }
            if (announced >= 0 && found < announced) {
                throw ObservationChecks.invalid(FIELD, found + " samples", announced + " by the file's header");
            }
            return samples(bytes, format.getSampleSizeInBits(), format.getChannels(), most);
        } catch (UnsupportedAudioFileException | IOException | IllegalArgumentException e) {
            throw ObservationChecks.invalid(FIELD, "a file that cannot be read: " + e.getMessage(), EXPECTED);
        }
    }

    /**
     * @param bytes unsigned where of 8 bits, else signed and little-endian; channels interleaved
     * @param bits 8 or 16
     */
    static float[] samples(byte[] bytes, int bits, int channels, int most) {
        int frame = bits / 8 * channels;
        float[] samples = new float[Math.min(most, bytes.length / frame)];
        for (int i = 0; i < samples.length; i++) {
            int sum = 0;
            for (int c = 0; c < channels; c++) {
                int at = i * frame + c * bits / 8;
                sum += bits == 8 ? ((bytes[at] & 0xFF) - 128) << 8 : bytes[at + 1] << 8 | bytes[at] & 0xFF;
            }
            samples[i] = sum / (32_768f * channels);
        }
        return samples;
    }

    private static void checkFormat(AudioFormat format, int sampleRate) {
        int bits = format.getSampleSizeInBits();
        AudioFormat.Encoding encoding = bits == 8 ? AudioFormat.Encoding.PCM_UNSIGNED : AudioFormat.Encoding.PCM_SIGNED;
        if (!format.getEncoding().equals(encoding) || (bits != 8 && bits != 16) || format.isBigEndian()) {
            throw ObservationChecks.invalid(
                    FIELD, format.getEncoding() + " of " + bits + " bits", "linear PCM of 8 or 16 bits");
        }
        if (format.getChannels() != 1 && format.getChannels() != 2) {
            throw ObservationChecks.invalid(FIELD, format.getChannels() + " channels", "1 or 2");
        }
        if (format.getSampleRate() != sampleRate) {
            throw ObservationChecks.invalid(
                    FIELD, (long) format.getSampleRate() + " samples a second", String.valueOf(sampleRate));
        }
    }

    private static String ascii(byte[] file, int from) {
        return new String(Arrays.copyOfRange(file, from, from + 4), java.nio.charset.StandardCharsets.US_ASCII);
    }
}
