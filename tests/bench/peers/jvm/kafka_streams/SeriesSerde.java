package peers;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** A series as 425 bytes, for RocksDB and the changelog. */
final class SeriesSerde implements Serde<Series> {
    private static final int SIZE = 3 * Long.BYTES + 1 + Series.KEPT * Double.BYTES;

    @Override
    public Serializer<Series> serializer() {
        return (topic, series) -> {
            ByteBuffer buffer = ByteBuffer.allocate(SIZE);
            buffer.putLong(series.barsSeen).putDouble(series.gain).putDouble(series.loss).put(series.action);
            buffer.asDoubleBuffer().put(series.closes);
            return buffer.array();
        };
    }

    @Override
    public Deserializer<Series> deserializer() {
        return (topic, bytes) -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Series series = new Series();
            series.barsSeen = buffer.getLong();
            series.gain = buffer.getDouble();
            series.loss = buffer.getDouble();
            series.action = buffer.get();
            buffer.asDoubleBuffer().get(series.closes);
            return series;
        };
    }
}
