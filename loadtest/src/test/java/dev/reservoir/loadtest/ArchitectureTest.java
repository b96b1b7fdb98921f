// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.loadtest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {
    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.reservoir.loadtest");

    @Test
    void dependsOnTheWireContractAlone() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("ai.djl..", "io.vertx..", "dev.reservoir.server..", "dev.reservoir.heads..")
                .check(classes);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("dev.reservoir.(loadtest..)")
                .should()
                .beFreeOfCycles()
                .check(classes);
    }

    @Test
    void clientDependsOnNeitherWorkloadsNorReports() {
        noClasses()
                .that()
                .resideInAPackage("..loadtest.client..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("..loadtest.report..", "..loadtest.workload..", "..loadtest.demo..")
                .check(classes);
    }
}
