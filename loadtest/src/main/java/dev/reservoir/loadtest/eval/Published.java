package dev.reservoir.loadtest.eval;

/**
 * Test accuracies in percent that Lu et al. 2021 (arXiv 2103.05247) report with GPT-2 small.
 *
 * @param pretrained frozen pretrained transformer
 * @param random frozen transformer of random weights
 * @param full the whole transformer trained
 */
record Published(double pretrained, double random, double full) {}
