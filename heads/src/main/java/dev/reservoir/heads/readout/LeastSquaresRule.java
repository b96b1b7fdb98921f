package dev.reservoir.heads.readout;

import dev.reservoir.heads.math.NotFinite;
import dev.reservoir.heads.readout.FeatureDigest.Digest;
import java.util.ArrayList;
import java.util.List;

/**
 * Recursive least squares with exponential forgetting (Plackett 1950, DOI 10.1093/biomet/37.1-2.149; Haykin, Adaptive Filter Theory):
 * with {@code x} the features and a constant 1, {@code K = P x / (forgetting + x' P x)}, {@code W += K (t - W' x)'}, {@code P = (P - K x' P) /
 * forgetting}. After {@code n} examples {@code W} minimises {@code sum forgetting^(n-i) |t_i - W' x_i|^2 + forgetting^n ridge |W|^2}, the
 * bias being penalised like every weight, as long as no diagonal element of {@code P} passes its first value {@code 1 / ridge}; from then
 * on what the features do not excite keeps its ridge.
 *
 * <p>A label that appears at example {@code n} has truth 0 in all examples before; its weights begin at 0, which is exactly where those
 * examples would have left them.
 */
final class LeastSquaresRule implements Rule {
    private final CovarianceReader reader;
    private final OutputRows weights;
    private final List<Digest> digests = new ArrayList<>();
    private List<Row> announced = List.of();
    /** No weight can be larger. */
    private double bound;

    private long updates;

    LeastSquaresRule(Covariances covariances, Covariances.Key key) {
        this.reader = new CovarianceReader(covariances, key);
        this.weights = new OutputRows(key.width(), reader.width());
    }

    @Override
    public void announce(List<Row> rows) {
        announced = rows;
        digests.clear();
        for (Row row : rows) {
            digests.add(reader.digest(row));
        }
    }

    @Override
    public void grow(int outputs) {
        weights.grow(outputs);
    }

    @Override
    public void scores(Row row, float[] scores) {
        weights.view().apply(row.values(), row.from(), scores, row.outputs());
    }

    @Override
    public double learn(int index, Row row, float[] scores, float[] truth) {
        int outputs = row.outputs();
        double loss = 0;
        double most = 0;
        for (int c = 0; c < outputs; c++) {
            double residual = (double) truth[c] - scores[c];
            loss += residual * residual;
            most = Math.max(most, Math.abs(residual));
        }
        if (!(loss < Double.POSITIVE_INFINITY)) {
            throw new NotFinite("a prediction is not finite");
        }
        reader.step(announced, digests, index);
        double root = reader.root();
        double reach = bound + most / root * reader.largest();
        if (!(reach < Float.MAX_VALUE)) {
            throw new NotFinite("the weights would pass " + Float.MAX_VALUE);
        }
        bound = reach;
        float[][] rows = weights.writable();
        float[] gain = reader.rows();
        int at = reader.at();
        int width = reader.width();
        for (int c = 0; c < outputs; c++) {
            add(rows[c], gain, at, (float) (((double) truth[c] - scores[c]) / root), width);
        }
        updates++;
        return loss;
    }

    private static void add(float[] row, float[] gain, int at, float factor, int width) {
        for (int i = 0; i < width; i++) {
            row[i] += gain[at + i] * factor;
        }
    }

    /** Does nothing: every row is learned when it comes. */
    @Override
    public void flush() {}

    @Override
    public Weights weights() {
        return weights.share();
    }

    @Override
    public long updates() {
        return updates;
    }

    @Override
    public long bytes() {
        return reader.bytes();
    }

    /** The reader, for tests. */
    CovarianceReader reader() {
        return reader;
    }

    @Override
    public void close() {
        reader.close();
    }
}
