// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The files that describe the services, found by name, by symbol and by extension. Immutable. */
final class Schemas {
    private final TreeSet<String> services = new TreeSet<>();
    private final Map<String, FileDescriptor> byName = new HashMap<>();
    private final Map<String, FileDescriptor> bySymbol = new HashMap<>();
    private final Map<String, Map<Integer, FileDescriptor>> byExtension = new HashMap<>();

    Schemas(List<io.grpc.ServiceDescriptor> described, List<FileDescriptor> others) {
        for (io.grpc.ServiceDescriptor service : described) {
            services.add(service.getName());
            if (service.getSchemaDescriptor() instanceof ProtoFileDescriptorSupplier supplier) {
                add(supplier.getFileDescriptor());
            }
        }
        others.forEach(this::add);
    }

    Collection<String> services() {
        return services;
    }

    /** A file and everything it needs, as bytes, the file itself first; null if it is unknown. */
    @Nullable
    List<ByteString> byName(String file) {
        return withDependencies(byName.get(file));
    }

    @Nullable
    List<ByteString> bySymbol(String symbol) {
        return withDependencies(bySymbol.get(symbol));
    }

    @Nullable
    List<ByteString> byExtension(String type, int number) {
        return withDependencies(byExtension.getOrDefault(type, Map.of()).get(number));
    }

    /** The extension numbers of a type; null if the type is unknown. */
    @Nullable
    Collection<Integer> extensions(String type) {
        FileDescriptor file = bySymbol.get(type);
        if (file == null || file.getMessageTypes().isEmpty()) {
            return null;
        }
        return byExtension.getOrDefault(type, Map.of()).keySet();
    }

    private static @Nullable List<ByteString> withDependencies(@Nullable FileDescriptor file) {
        if (file == null) {
            return null;
        }
        Map<String, ByteString> files = new LinkedHashMap<>();
        collect(file, files);
        return new ArrayList<>(files.values());
    }

    private static void collect(FileDescriptor file, Map<String, ByteString> into) {
        if (into.putIfAbsent(file.getFullName(), file.toProto().toByteString()) == null) {
            file.getDependencies().forEach(dependency -> collect(dependency, into));
        }
    }

    private void add(FileDescriptor file) {
        if (byName.putIfAbsent(file.getFullName(), file) != null) {
            return;
        }
        for (ServiceDescriptor service : file.getServices()) {
            bySymbol.put(service.getFullName(), file);
            for (MethodDescriptor method : service.getMethods()) {
                bySymbol.put(method.getFullName(), file);
            }
        }
        file.getMessageTypes().forEach(type -> add(file, type));
        file.getEnumTypes().forEach(type -> add(file, type));
        file.getExtensions().forEach(extension -> extend(file, extension));
        file.getDependencies().forEach(this::add);
    }

    private void add(FileDescriptor file, Descriptor type) {
        bySymbol.put(type.getFullName(), file);
        type.getFields().forEach(field -> bySymbol.put(field.getFullName(), file));
        type.getOneofs().forEach(oneof -> bySymbol.put(oneof.getFullName(), file));
        type.getNestedTypes().forEach(nested -> add(file, nested));
        type.getEnumTypes().forEach(nested -> add(file, nested));
        type.getExtensions().forEach(extension -> extend(file, extension));
    }

    private void add(FileDescriptor file, EnumDescriptor type) {
        bySymbol.put(type.getFullName(), file);
        type.getValues().forEach(value -> bySymbol.put(value.getFullName(), file));
    }

    private void extend(FileDescriptor file, FieldDescriptor extension) {
        bySymbol.put(extension.getFullName(), file);
        byExtension
                .computeIfAbsent(extension.getContainingType().getFullName(), unused -> new TreeMap<>())
                .put(extension.getNumber(), file);
    }
}
