package peers;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Reads bars in Confluent's wire format: a zero byte, the id of the writer's schema in 4 bytes, Avro. For one thread. */
final class BarDecoder {
    static final int HEADER = 5;

    private final String registry;
    private final Schema schema;
    private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
    private GenericRecord record;
    private BinaryDecoder decoder;

    BarDecoder(Settings settings) {
        registry = settings.registry();
        try {
            schema = new Schema.Parser().parse(new File(settings.barSchema()));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        schema.getFields().stream()
                .map(Schema.Field::schema)
                .filter(field -> field.getType() == Schema.Type.STRING)
                .forEach(field -> GenericData.setStringType(field, GenericData.StringType.String));
    }

    Bar decode(byte[] value) {
        try {
            var reader = readers.computeIfAbsent(ByteBuffer.wrap(value).getInt(1), this::reader);
            decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
            record = reader.read(record, decoder);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return bar();
    }

    private GenericDatumReader<GenericRecord> reader(int id) {
        return new GenericDatumReader<>(writerSchema(id), schema);
    }

    private Schema writerSchema(int id) {
        var request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
        try {
            var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IOException("The registry answers " + answer.statusCode() + " for the schema " + id);
            }
            return new Schema.Parser().parse(new ObjectMapper().readTree(answer.body()).get("schema").asText());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(error);
        }
    }

    private Bar bar() {
        Bar bar = new Bar();
        bar.symbol = (String) record.get("symbol");
        bar.timestamp = (Long) record.get("timestamp");
        bar.open = (Double) record.get("open");
        bar.high = (Double) record.get("high");
        bar.low = (Double) record.get("low");
        bar.close = (Double) record.get("close");
        bar.volume = (Double) record.get("volume");
        Object count = record.get("trade_count");
        bar.tradeCount = count == null ? Bar.NO_COUNT : (Long) count;
        Object vwap = record.get("vwap");
        bar.vwap = vwap == null ? Double.NaN : (Double) vwap;
        bar.runId = (String) record.get("run_id");
        bar.origin = record.get("origin").toString();
        bar.source = (String) record.get("source");
        bar.feed = (String) record.get("feed");
        bar.adjustment = (String) record.get("adjustment");
        return bar;
    }
}
