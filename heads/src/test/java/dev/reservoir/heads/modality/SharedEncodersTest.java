// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads.modality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.reservoir.heads.BoundedAccount;
import dev.reservoir.heads.EncoderLease;
import dev.reservoir.heads.EncoderSpec;
import dev.reservoir.heads.EncoderSpec.Pooling;
import dev.reservoir.heads.ModalitySpec;
import dev.reservoir.heads.Reason;
import dev.reservoir.heads.Refused;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class SharedEncodersTest {
    private static final EncoderSpec MEAN = new EncoderSpec(Pooling.MEAN, 64, false);
    private static final ModalitySpec ROWS = new ModalitySpec.Tensor(900, 4);

    private final BoundedAccount account = new BoundedAccount("encoders", Long.MAX_VALUE);
    private final SharedEncoders encoders = new SharedEncoders(Fixtures.encoders(), account);

    @Test
    void equalSpecificationsShareAnEncoderUntilTheLastLeaseIsClosed() {
        EncoderLease one = encoders.lease(ROWS, MEAN);
        long bytes = account.used();
        EncoderLease two = encoders.lease(ROWS, new EncoderSpec(Pooling.MEAN, 128, false));
        EncoderLease three = two.another();
        assertThat(two.encoder()).isSameAs(one.encoder());
        assertThat(three.encoder()).isSameAs(one.encoder());
        assertThat(bytes).isGreaterThanOrEqualTo(4L * 900 * Fixtures.WIDTH);
        assertThat(account.used()).isEqualTo(bytes);
        one.close();
        one.close();
        two.close();
        assertThat(account.used()).isEqualTo(bytes);
        assertThatIllegalStateException().isThrownBy(two::another);
        three.close();
        assertThat(account.used()).isZero();
        assertThat(encoders.size()).isZero();
        assertThat(encoders.lease(ROWS, MEAN).encoder()).isNotSameAs(one.encoder());
    }

    @Test
    void whatIsWorkedOutInDoublesIsReservedToo() {
        encoders.lease(ROWS, MEAN).close();
        assertThat(account.most()).isGreaterThanOrEqualTo(12L * 900 * Fixtures.WIDTH);
    }

    @Test
    void anEncoderForWhichThereIsNoMemoryIsRefusedAndTakesNone() {
        EncoderLease one = encoders.lease(ROWS, MEAN);
        long used = account.used();
        account.limit(used + 1_000);
        assertThatThrownBy(() -> encoders.lease(new ModalitySpec.Tensor(901, 4), MEAN))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.MEMORY_LIMIT));
        assertThat(account.used()).isEqualTo(used);
        assertThat(encoders.lease(ROWS, MEAN).encoder()).isSameAs(one.encoder());
    }

    @Test
    void aThousandWidthsInTurnLeaveNothingBehind() {
        for (int width = 1; width <= 1_000; width++) {
            encoders.lease(new ModalitySpec.Tensor(width, 1), MEAN).close();
        }
        assertThat(account.used()).isZero();
        assertThat(account.most()).isLessThan(1 << 20);
    }

    @Test
    void concurrentRequestsGetTheSameEncoderAndReserveItOnce() throws Exception {
        int count = 8;
        ExecutorService threads = Executors.newFixedThreadPool(count);
        try {
            CyclicBarrier together = new CyclicBarrier(count);
            Callable<EncoderLease> request = () -> {
                together.await();
                return encoders.lease(ROWS, MEAN);
            };
            List<Future<EncoderLease>> requests = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                requests.add(threads.submit(request));
            }
            EncoderLease alone = encoders.lease(ROWS, MEAN);
            for (Future<EncoderLease> one : requests) {
                assertThat(one.get().encoder()).isSameAs(alone.encoder());
            }
            long all = account.used();
            for (Future<EncoderLease> one : requests) {
                one.get().close();
            }
            assertThat(account.used()).isEqualTo(all);
            alone.close();
            assertThat(account.used()).isZero();
        } finally {
            threads.shutdownNow();
        }
    }
}
