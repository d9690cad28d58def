package peers;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Writes signals in Confluent's wire format. For one thread. */
final class SignalEncoder {
    private final byte[] header;
    private final GenericDatumWriter<GenericRecord> writer;
    private final GenericRecord record;
    private final Object[] origins;
    private final Object[] actions;
    private final Object[] reasons;
    private final Schema origin;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    private BinaryEncoder encoder;

    SignalEncoder(Settings settings) {
        Schema schema;
        try {
            schema = new Schema.Parser().parse(new File(settings.signalSchema()));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        header = ByteBuffer.allocate(BarDecoder.HEADER).put((byte) 0).putInt(settings.signalSchemaId()).array();
        writer = new GenericDatumWriter<>(schema);
        record = new GenericData.Record(schema);
        record.put("own_indicators", Map.of());
        // The sentence is spared them.
        record.put("explanation", "");
        origin = schema.getField("origin").schema();
        origins = symbols(origin);
        actions = symbols(schema.getField("action").schema());
        reasons = symbols(schema.getField("reason").schema());
    }

    private static Object[] symbols(Schema schema) {
        return schema.getEnumSymbols().stream().map(name -> new GenericData.EnumSymbol(schema, name)).toArray();
    }

    byte[] encode(Signal signal) {
        fill(signal);
        out.reset();
        out.writeBytes(header);
        encoder = EncoderFactory.get().binaryEncoder(out, encoder);
        try {
            writer.write(record, encoder);
            encoder.flush();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return out.toByteArray();
    }

    private void fill(Signal signal) {
        boolean isFirst = signal.previousAction == Signal.NO_ACTION;
        record.put(
                "id",
                signal.runId + '/' + signal.symbol + '/' + signal.timestamp + '/' + Signal.STRATEGY + "/0");
        record.put("run_id", signal.runId);
        record.put("origin", origins[origin.getEnumOrdinal(signal.origin)]);
        record.put("source", signal.source);
        record.put("feed", signal.feed);
        record.put("symbol", signal.symbol);
        record.put("timestamp", signal.timestamp);
        record.put("action", actions[signal.action]);
        record.put("previous_action", isFirst ? null : actions[signal.previousAction]);
        record.put("transition", !isFirst && signal.action != signal.previousAction);
        record.put("close", signal.close);
        record.put("sma_fast", nullable(signal.smaFast));
        record.put("sma_slow", nullable(signal.smaSlow));
        record.put("rsi", nullable(signal.rsi));
        record.put("rsi_seed_weight", seedWeight(signal.barsSeen));
        record.put("ready", signal.barsSeen >= Series.SLOW);
        record.put("bars_seen", signal.barsSeen);
        record.put("gap_minutes", null);
        record.put("split", null);
        record.put("revision", 0);
        record.put("reason", reasons[signal.reason]);
        record.put("strategy", Signal.STRATEGY);
        record.put("emitted_at", signal.emittedAt);
    }

    /** How much of the RSI still hangs on its first averages. */
    private static double seedWeight(long barsSeen) {
        double period = Series.RSI;
        return barsSeen <= Series.RSI ? 1 : Math.pow((period - 1) / period, barsSeen - period - 1);
    }

    private static Double nullable(double value) {
        return Double.isNaN(value) ? null : value;
    }
}
