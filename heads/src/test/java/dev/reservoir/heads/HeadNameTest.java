// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HeadNameTest {
    private static final Pattern NAME = Pattern.compile("tenants/([a-z][a-z0-9-]{0,62})/heads/([a-z][a-z0-9-]{0,62})");

    @Test
    void parsesWhatItPrints() {
        HeadName name = new HeadName("a", "b-2");

        assertThat(name).hasToString("tenants/a/heads/b-2");
        assertThat(HeadName.parse("tenants/a/heads/b-2")).isEqualTo(name);
        assertThat(HeadName.parseParent("tenants/a")).isEqualTo("a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "tenants/",
                "tenants/a",
                "tenants/a/heads/",
                "tenants//heads/b",
                "tenants/a/heads/b/",
                "a/heads/b",
                "tenants/a/b/heads/c",
                "tenants/A/heads/b",
                "tenants/a/heads/2b",
                "tenants/a/heads/b c",
                "xtenants/a/heads/b"
            })
    void refusesAnythingElse(String name) {
        assertThatThrownBy(() -> HeadName.parse(name))
                .isInstanceOf(Refused.class)
                .hasMessageContaining("(expected: tenants/{tenant}/heads/{head})");
    }

    @Test
    void agreesWithTheGrammarOnSpoiltNames() {
        Random random = new Random(3);
        String letters = "az09-/AtenashdZ_`{";
        int right = 0;
        for (int i = 0; i < 20_000; i++) {
            StringBuilder name = new StringBuilder(
                    "tenants/" + "t".repeat(60 + random.nextInt(5)) + "/heads/a" + "9".repeat(random.nextInt(65)));
            for (int change = random.nextInt(3); change > 0; change--) {
                name.setCharAt(random.nextInt(name.length()), letters.charAt(random.nextInt(letters.length())));
            }
            boolean expected = NAME.matcher(name).matches();
            right += expected ? 1 : 0;
            assertThat(parses(name.toString())).as(name.toString()).isEqualTo(expected);
        }
        assertThat(right).isBetween(1_000, 19_000);
    }

    private static boolean parses(String name) {
        try {
            return HeadName.parse(name).toString().equals(name);
        } catch (Refused refused) {
            return false;
        }
    }
}
