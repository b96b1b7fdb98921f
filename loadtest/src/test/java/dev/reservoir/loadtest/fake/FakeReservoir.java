// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest.fake;

import dev.reservoir.v1.GetSubstrateRequest;
import dev.reservoir.v1.Head;
import dev.reservoir.v1.Substrate;
import dev.reservoir.v1.SubstrateServiceGrpc;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;

/** A server of the wire contract on a free loopback port, for clients; it favours simplicity over speed. */
public final class FakeReservoir implements AutoCloseable {
    private final FakeHeads heads = new FakeHeads();
    private final FakeFaults faults = new FakeFaults();
    private final Server server;
    private final String target;
    private volatile String substrate = "fake";

    public FakeReservoir() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(new Substrates())
                .addService(heads)
                .addService(new FakeTraining(heads, faults))
                .addService(new FakeInference(heads, faults))
                .build()
                .start();
        target = "127.0.0.1:" + server.getPort();
    }

    public String target() {
        return target;
    }

    public FakeFaults faults() {
        return faults;
    }

    /** Reports this substrate name. */
    public void reportSubstrate(String name) {
        substrate = name;
    }

    /** Names of all heads that were ever created by a call, in order. */
    public List<String> createdNames() {
        return heads.createdNames();
    }

    /** Examples of a head handled so far. */
    public long applied(String head) {
        return heads.applied(head);
    }

    public Set<String> headNames() {
        return heads.names();
    }

    public List<String> deletedNames() {
        return heads.deletedNames();
    }

    /** Creates a head directly, without a call. */
    public void createHead(String name, Head spec) {
        heads.add(name, spec);
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private final class Substrates extends SubstrateServiceGrpc.SubstrateServiceImplBase {
        @Override
        public void getSubstrate(GetSubstrateRequest request, StreamObserver<Substrate> reply) {
            reply.onNext(Substrate.newBuilder()
                    .setName(substrate)
                    .setPositions(512)
                    .setDigest("0123456789abcdef".repeat(4))
                    .setFamily("none")
                    .setParameters(22_600_000)
                    .setPrecision("f32")
                    .setPrecisionReason("the only one it has")
                    .setDevice("cpu")
                    .setLanes(1)
                    .setWeightBytes(90_000_000)
                    .setProcessResidentBytes(500_000_000)
                    .setCoBatchingIdentical(true)
                    .setCoBatchingCheck("nothing: there is nothing to compare")
                    .setServerVersion("0")
                    .build());
            reply.onCompleted();
        }
    }
}
