// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.server.registry.LiveHead;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The guarantees of a head's life cycle, under concurrent calls. */
class LiveHeadTest extends EngineFixture {
    @Test
    void nothingIsPublishedAfterADeletion() {
        LiveHead head = head("a", "h");
        head.publish(1);
        registry.delete(head.name());
        assertThat(head.publish(2)).isSameAs(head.published());
        assertThat(head.fail("why", 3)).isSameAs(head.published());
        assertThat(head.published().version()).isEqualTo(1);
        assertThat(head.published().appliedThrough()).isEqualTo(1);
        assertThat(head.published().failure()).isNull();
    }

    @Test
    void whatIsPublishedNeverGoesBack() {
        LiveHead head = head("a", "h");
        head.publish(5);
        assertThatThrownBy(() -> head.publish(4)).isInstanceOf(IllegalStateException.class);
        assertThat(head.published().appliedThrough()).isEqualTo(5);
    }

    @Test
    void aFailureStays() {
        LiveHead head = head("a", "h");
        head.fail("why", 1);
        assertThat(head.publish(2).failure()).isEqualTo("why");
    }

    @Test
    void aHeadIsRetiredOnce() {
        LiveHead head = head("a", "h");
        registry.delete(head.name());
        assertThat(head.retire()).isTrue();
        assertThat(head.retire()).isFalse();
        head.close();
        head.learner().close();
    }

    @Test
    void aCallbackThatThrowsKeepsNoOtherFromBeingCalled() {
        LiveHead head = head("a", "h");
        List<String> called = new ArrayList<>();
        head.watch(() -> {
            throw new LinkageError("as a test wants it");
        });
        head.watch(() -> called.add("watcher"));
        head.whenApplied(1, () -> {
            throw new LinkageError("as a test wants it");
        });
        head.whenApplied(1, () -> called.add("waiter"));
        head.whenApplied(2, () -> called.add("later"));
        head.publish(1);
        assertThat(called).containsExactly("waiter", "watcher");
        registry.delete(head.name());
        assertThat(called).containsExactly("waiter", "watcher", "later", "watcher");
    }
}
