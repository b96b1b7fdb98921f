// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplyWriterTest {
    /** As PROTOCOL-HTTP2 of gRPC defines {@code Percent-Encoded}. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "name: tenants/t/heads/h (expected: a head) | name: tenants/t/heads/h (expected: a head)",
                "\"~!@#$^&*_+-=[]{};',.<>?` | \"~!@#$^&*_+-=[]{};',.<>?`",
                "100% | 100%25",
                "é€ | %C3%A9%E2%82%AC",
                "😀 | %F0%9F%98%80"
            })
    void onlyWhatIsNotPrintableAsciiIsPercentEncoded(String text, String encoded) {
        assertThat(ReplyWriter.percentEncoded(text)).isEqualTo(encoded);
        assertThat(ReplyWriter.percentEncoded("a\r\n\t\u007f")).isEqualTo("a%0D%0A%09%7F");
    }
}
