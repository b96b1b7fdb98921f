// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.startup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StartFailureTest {
    @Test
    void theMessageIsOneLine() {
        assertThat(new StartFailure("a\n\tb\r\n\n  c")).hasMessage("a b c");
    }

    @Test
    void runningOutOfMemoryInJavaOrNativeCodeIsReportedWithTheHeapsSize() {
        assertThatThrownBy(() -> StartFailure.checkingMemory(() -> {
                    throw new OutOfMemoryError("Java heap space");
                }))
                .isInstanceOf(StartFailure.class)
                .hasMessageMatching("memory: Java heap space, with a heap of at most \\d+ MiB \\(expected: .*");
        assertThatThrownBy(() -> StartFailure.checkingMemory(() -> {
                    throw new IllegalStateException("[enforce fail at alloc_cpu.cpp:119] .\n"
                            + "DefaultCPUAllocator: can't allocate memory: you tried");
                }))
                .isInstanceOf(StartFailure.class)
                .hasMessageStartingWith("memory: [enforce fail at alloc_cpu.cpp:119] . DefaultCPUAllocator:");
    }

    @Test
    void otherFailuresPassAsTheyAre() {
        IllegalStateException defect = new IllegalStateException("a defect");
        StartFailure known = new StartFailure("known");

        assertThatThrownBy(() -> StartFailure.checkingMemory(() -> {
                    throw defect;
                }))
                .isSameAs(defect);
        assertThatThrownBy(() -> StartFailure.checkingMemory(() -> {
                    throw known;
                }))
                .isSameAs(known);
        assertThat(StartFailure.checkingMemory(() -> 3)).isEqualTo(3);
    }

    @Test
    void reasonsNameNoClass() {
        assertThat(StartFailure.reason(new AccessDeniedException("/f"))).isEqualTo("permission denied");
        assertThat(StartFailure.reason(new NoSuchFileException("/f"))).isEqualTo("no such file or folder");
        assertThat(StartFailure.reason(new FileSystemException("/f", null, "No space left on device")))
                .isEqualTo("no space left on device");
        assertThat(StartFailure.reasons(new IllegalStateException("a", new IOException("B", new IOException("B")))))
                .isEqualTo("a: b");
    }

    @ParameterizedTest
    @CsvSource({"Linux, aarch64", "Linux, x86", "Mac OS X, x86_64", "Windows 11, amd64", "unknown, unknown"})
    void otherPlatformsAreNamed(String system, String architecture) {
        assertThatThrownBy(() -> Machine.check(system, architecture))
                .isInstanceOf(StartFailure.class)
                .hasMessage("platform: " + system + " on " + architecture
                        + " (expected: Linux on x86-64, for which the native libraries are made)");
        assertThatCode(() -> Machine.check("Linux", "amd64")).doesNotThrowAnyException();
        assertThatCode(() -> Machine.check("Linux", "x86_64")).doesNotThrowAnyException();
    }
}
