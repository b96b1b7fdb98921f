// Copyright 2026 The Reservoir Authors
// SPDX-License-Identifier: Apache-2.0

package dev.reservoir.heads;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final String ROOT = "dev.reservoir.heads";

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(ROOT);

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void theRootPackageDependsOnNoneOfItsSubpackages() {
        noClasses()
                .that()
                .resideInAPackage(ROOT)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT + ".*..")
                .check(classes);
    }

    @Test
    void onlyTheCodecDependsOnTheMessagesOfTheWire() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".codec..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.reservoir.v1..")
                .check(classes);
    }

    /** Classes with a state write it as a message of the stored form. */
    @Test
    void onlyTheCodecAndWhatHasAStateDependOnProtocolBuffers() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        ROOT + ".codec..", ROOT + ".state..", ROOT + ".task..", ROOT + ".readout..", ROOT + ".train..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.google.protobuf..", "dev.reservoir.state.v1..")
                .check(classes);
    }

    @Test
    void nothingDependsOnANetwork() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.vertx..", "io.netty..", "io.grpc..", "java.net..")
                .check(classes);
    }
}
