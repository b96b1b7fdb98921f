// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server.substrate.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The TorchScript source of a program: its modules, which are resources, by name.
 *
 * <p>A resource begins with the modules that it uses: {@code from blocks import matmul, norm} for those beside this
 * class, {@code import bert} for one beside the program itself. libtorch's parser does not support imports, only full
 * names, so each use of an imported module and of a name of the module's own is written out, {@code matmul.linear} as
 * {@code __torch__.blocks.matmul.linear}. Line numbers do not change, so that those in libtorch's messages are those of
 * the resource.
 *
 * @param main the module whose last class is the program
 * @param modules linked sources by module name, without {@code __torch__}; the main one last
 */
public record ProgramSource(String main, Map<String, String> modules) {
    static final String ROOT = "__torch__.";
    private static final Pattern IMPORT = Pattern.compile("(?m)^(?:from (\\w+) )?import (\\w+(?:, \\w+)*)$");
    private static final Pattern OWN = Pattern.compile("(?m)^(?:class|def) (\\w+)\\(");

    public ProgramSource {
        modules = Collections.unmodifiableMap(new LinkedHashMap<>(modules));
    }

    /**
     * Reads a program and the modules that it uses.
     *
     * @param owner the class that the program's resource lies beside
     * @param name of the program's resource, without {@code .py}
     * @throws IllegalStateException if a resource is not on the class path
     */
    public static ProgramSource of(Class<?> owner, String name) {
        Map<String, String> modules = new LinkedHashMap<>();
        add(owner, name, modules);
        return new ProgramSource(name, modules);
    }

    /** All modules as one text, for a digest: equal texts are equal programs. */
    public String text() {
        StringBuilder text = new StringBuilder();
        modules.forEach((name, source) ->
                text.append("# ").append(name).append('\n').append(source).append('\n'));
        return text.toString();
    }

    private static void add(Class<?> owner, String name, Map<String, String> modules) {
        if (modules.containsKey(name)) {
            return;
        }
        String source = read(owner, name.replace('.', '/') + ".py");
        Map<String, String> fullNames = new LinkedHashMap<>();
        Matcher imports = IMPORT.matcher(source);
        while (imports.find()) {
            for (String used : imports.group(2).split(", ")) {
                String module = imports.group(1) == null ? used : imports.group(1) + "." + used;
                add(imports.group(1) == null ? owner : ProgramSource.class, module, modules);
                fullNames.put(used + "(?=\\.\\w)", ROOT + module);
            }
        }
        OWN.matcher(source)
                .results()
                .forEach(own -> fullNames.put(own.group(1) + "\\b", ROOT + name + "." + own.group(1)));
        String linked = IMPORT.matcher(source).replaceAll("");
        for (Map.Entry<String, String> full : fullNames.entrySet()) {
            linked = linked.replaceAll(
                    "(?m)(?<![\\w.]|class |def )" + full.getKey(), Matcher.quoteReplacement(full.getValue()));
        }
        modules.put(name, linked);
    }

    private static String read(Class<?> owner, String resource) {
        try (InputStream in = owner.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException(
                        "program " + resource + ": not on the class path (expected: beside " + owner.getName() + ")");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
