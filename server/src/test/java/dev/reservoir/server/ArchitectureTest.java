// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final String ROOT = "dev.reservoir.server";

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void theScheduleIsPure() {
        classes()
                .that()
                .resideInAPackage(ROOT + ".schedule..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        ROOT + ".schedule..",
                        "java.lang",
                        "java.lang.invoke",
                        "java.util",
                        "java.util.function",
                        "java.util.stream",
                        "org.jspecify..")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".schedule..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(classes);
    }

    @Test
    void dataFlowsOneWay() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        ROOT + ".engine..", ROOT + ".registry..", ROOT + ".schedule..", ROOT + ".substrate..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + ".grpc..", ROOT + ".rpc..", ROOT, "io.vertx..", "io.grpc..")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".registry..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT + ".engine..", ROOT + ".substrate..")
                .check(classes);
    }

    @Test
    void theRuntimeDependsOnNoService() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".rpc..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        ROOT,
                        ROOT + ".engine..",
                        ROOT + ".grpc..",
                        ROOT + ".registry..",
                        ROOT + ".schedule..",
                        ROOT + ".substrate..",
                        "dev.reservoir.v1..")
                .check(classes);
    }

    @Test
    void onlyTheSubstrateTouchesTensors() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        ROOT + ".grpc..",
                        ROOT + ".rpc..",
                        ROOT + ".engine..",
                        ROOT + ".registry..",
                        ROOT + ".schedule..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..")
                .check(classes);
    }

    @Test
    void onlyTheStoreKnowsSql() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".store..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.sql..", "org.sqlite..")
                .check(classes);
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".store..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ROOT, ROOT + ".engine..", ROOT + ".grpc..", ROOT + ".registry..", "ai.djl..")
                .check(classes);
    }
}
