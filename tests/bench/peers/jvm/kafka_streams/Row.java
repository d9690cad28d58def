package peers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** A bar with its signal, which has some of its fields in common with it. */
record Row(Bar bar, Signal signal) {
    private static final int NUMBERS = 12 * Long.BYTES + 3;

    /** Numbers, then texts with their lengths before them: some 150 bytes. */
    static Serde<Row> serde() {
        return Serdes.serdeFrom((topic, row) -> row.bytes(), (topic, bytes) -> of(bytes));
    }

    private byte[] bytes() {
        byte[][] texts = {
            text(bar.symbol), text(bar.runId), text(bar.origin), text(bar.source), text(bar.feed), text(bar.adjustment)
        };
        int length = NUMBERS + texts.length * Short.BYTES;
        for (byte[] text : texts) {
            length += text.length;
        }
        ByteBuffer buffer = ByteBuffer.allocate(length);
        buffer.putLong(bar.timestamp).putDouble(bar.open).putDouble(bar.high).putDouble(bar.low);
        buffer.putDouble(bar.close).putDouble(bar.volume).putLong(bar.tradeCount).putDouble(bar.vwap);
        buffer.putDouble(signal.smaFast).putDouble(signal.smaSlow).putDouble(signal.rsi);
        buffer.put(signal.action).put(signal.previousAction).put(signal.reason).putLong(signal.emittedAt);
        for (byte[] text : texts) {
            buffer.putShort((short) text.length).put(text);
        }
        return buffer.array();
    }

    private static Row of(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        Bar bar = new Bar();
        Signal signal = new Signal();
        signal.timestamp = bar.timestamp = buffer.getLong();
        bar.open = buffer.getDouble();
        bar.high = buffer.getDouble();
        bar.low = buffer.getDouble();
        signal.close = bar.close = buffer.getDouble();
        bar.volume = buffer.getDouble();
        bar.tradeCount = buffer.getLong();
        bar.vwap = buffer.getDouble();
        signal.smaFast = buffer.getDouble();
        signal.smaSlow = buffer.getDouble();
        signal.rsi = buffer.getDouble();
        signal.action = buffer.get();
        signal.previousAction = buffer.get();
        signal.reason = buffer.get();
        signal.emittedAt = buffer.getLong();
        signal.symbol = bar.symbol = text(buffer);
        signal.runId = bar.runId = text(buffer);
        signal.origin = bar.origin = text(buffer);
        signal.source = bar.source = text(buffer);
        signal.feed = bar.feed = text(buffer);
        bar.adjustment = text(buffer);
        return new Row(bar, signal);
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(ByteBuffer buffer) {
        byte[] text = new byte[buffer.getShort()];
        buffer.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
