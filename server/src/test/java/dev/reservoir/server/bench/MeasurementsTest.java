package dev.reservoir.server.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each measurement answers, on the real substrate; how fast is not looked at. */
class MeasurementsTest {
    private static Subject subject;
    private static EngineMeasurement engine;
    private static Conversation conversation;

    @BeforeAll
    static void open() {
        subject = new Subject(1, System::nanoTime);
        engine = new EngineMeasurement(subject);
        conversation = new Conversation(BenchCommand.measurements(subject, engine));
    }

    @AfterAll
    static void close() throws Exception {
        engine.close();
        subject.close();
    }

    @Test
    void forwardCountsTheProductsOfAPass() {
        JsonObject answer = ask("{'measure':'forward','precision':'f32','sequences':2,'tokens':5,'millis':1}");

        double layer = 10 * 2.0 * (384 * 1152 + 384 * 384 + 384 * 1536 + 1536 * 384) + 2 * 2 * (2.0 * 5 * 5 * 384);
        assertThat(answer.get("flops").getAsDouble()).isEqualTo(6 * layer);
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void bareCountsTheFrozenProductsAlone() {
        JsonObject answer = ask("{'measure':'bare','precision':'f32','rows':3,'millis':1}");

        assertThat(answer.get("flops").getAsDouble())
                .isEqualTo(6 * 3 * 2.0 * (384 * 1152 + 384 * 384 + 2 * 384 * 1536));
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void theEncoderInDjlsOperatorsGivesTheSubstratesNumbers() {
        JsonObject answer = ask("{'measure':'djl','sequences':1,'tokens':7,'millis':1}");

        assertThat(answer.get("relativeDifference").getAsDouble()).isLessThan(1e-4);
        assertThat(answer.get("nanos").getAsLong()).isPositive();
    }

    @Test
    void engineAnswersTextsOfTheTokensThatWereAskedFor() {
        JsonObject answer =
                ask("{'measure':'engine','inFlight':3,'millis':1,'words':4,'vocabulary':['day','time','come']}");

        assertThat(answer.get("tokens").getAsInt()).isEqualTo(6);
        assertThat(answer.get("answers").getAsLong()).isGreaterThanOrEqualTo(3);
    }

    @Test
    void leastSquaresTellsItsRateAndThatOfTheBareProducts() {
        JsonObject answer = ask("{'measure':'least-squares','width':20,'classes':3,'minibatch':4,'millis':2}");

        assertThat(answer.get("examplesPerSecond").getAsDouble()).isPositive();
        assertThat(answer.get("bareNanos").getAsLong()).isPositive();
    }

    @Test
    void memoryRefusesAKindThatItDoesNotKnow() {
        JsonObject answer = conversation.answer(
                "{'measure':'memory','kind':'much','heads':1,'examples':1,'vocabulary':['day']}".replace('\'', '"'));

        assertThat(answer.get("error").getAsString()).isEqualTo("kind: much (expected: gradient, private or shared)");
    }

    private static JsonObject ask(String request) {
        JsonObject answer = conversation.answer(request.replace('\'', '"'));
        assertThat(answer.get("error")).isNull();
        return answer;
    }
}
