package peers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** A window as bytes, for RocksDB and the changelog: column by column, about 5 kB. */
final class WindowSerde implements Serde<Window> {
    private static final int NUMBERS = 3 * Long.BYTES + Window.KEPT * (12 * Long.BYTES + 3);

    @Override
    public Serializer<Window> serializer() {
        return (topic, window) -> {
            if (window == null) {
                return null;
            }
            byte[][] texts = {
                bytes(window.runId), bytes(window.origin), bytes(window.source), bytes(window.feed),
                bytes(window.adjustment)
            };
            int length = NUMBERS;
            for (byte[] text : texts) {
                length += Short.BYTES + text.length;
            }
            ByteBuffer buffer = ByteBuffer.allocate(length);
            buffer.putLong(window.barsSeen).putDouble(window.gain).putDouble(window.loss);
            for (double[] column : doubles(window)) {
                buffer.asDoubleBuffer().put(column);
                buffer.position(buffer.position() + Window.KEPT * Double.BYTES);
            }
            for (long[] column : longs(window)) {
                buffer.asLongBuffer().put(column);
                buffer.position(buffer.position() + Window.KEPT * Long.BYTES);
            }
            buffer.put(window.actions).put(window.previousActions).put(window.reasons);
            for (byte[] text : texts) {
                buffer.putShort((short) text.length).put(text);
            }
            return buffer.array();
        };
    }

    @Override
    public Deserializer<Window> deserializer() {
        return (topic, bytes) -> {
            if (bytes == null) {
                return null;
            }
            Window window = new Window();
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            window.barsSeen = buffer.getLong();
            window.gain = buffer.getDouble();
            window.loss = buffer.getDouble();
            for (double[] column : doubles(window)) {
                buffer.asDoubleBuffer().get(column);
                buffer.position(buffer.position() + Window.KEPT * Double.BYTES);
            }
            for (long[] column : longs(window)) {
                buffer.asLongBuffer().get(column);
                buffer.position(buffer.position() + Window.KEPT * Long.BYTES);
            }
            buffer.get(window.actions).get(window.previousActions).get(window.reasons);
            window.runId = text(buffer);
            window.origin = text(buffer);
            window.source = text(buffer);
            window.feed = text(buffer);
            window.adjustment = text(buffer);
            return window;
        };
    }

    private static double[][] doubles(Window window) {
        return new double[][] {
            window.opens, window.highs, window.lows, window.closes, window.volumes, window.vwaps,
            window.smaFasts, window.smaSlows, window.rsis
        };
    }

    private static long[][] longs(Window window) {
        return new long[][] {window.timestamps, window.tradeCounts, window.emittedAts};
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(ByteBuffer buffer) {
        byte[] text = new byte[buffer.getShort()];
        buffer.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
