package peers;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Bars to signals by Kafka Streams: one processor, two stores in RocksDB with their changelogs, two threads.
 *
 * <p>Of each symbol there is what its indicators need, and a ring of its newest bars with their signals, a record
 * each. One record with all of a symbol would be simpler, but each bar would then write 5 kB to the store and to the
 * changelog: that took twice as long.
 */
public final class KafkaStreamsPeer {
    private static final String SERIES = "series";
    private static final String HISTORY = "history";
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private KafkaStreamsPeer() {}

    public static void main(String[] arguments) throws InterruptedException {
        Settings settings = Settings.ofEnvironment();
        Properties properties = properties(settings, arguments[0]);
        boolean caches = !"0".equals(properties.getProperty(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG));
        KafkaStreams streams = new KafkaStreams(topology(settings, caches), properties);
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR || now == KafkaStreams.State.NOT_RUNNING) {
                ended.countDown();
            }
        });
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(PATIENCE)));
        streams.start();
        ended.await();
        System.exit(streams.state() == KafkaStreams.State.ERROR ? 1 : 0);
    }

    /** What the modes share, and what they differ in; the rest is Kafka Streams' default. */
    private static Properties properties(Settings settings, String mode) {
        Properties properties = new Properties();
        properties.putAll(Map.of(
                StreamsConfig.APPLICATION_ID_CONFIG, settings.appId(),
                StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, settings.kafka(),
                StreamsConfig.STATE_DIR_CONFIG, settings.stateDir(),
                StreamsConfig.NUM_STREAM_THREADS_CONFIG, "2",
                StreamsConfig.REPLICATION_FACTOR_CONFIG, "1",
                StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest",
                StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), "10000"));
        properties.putAll(
                switch (mode) {
                    case "ks" -> Map.of(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, "0");
                    case "ks_cached" ->
                        Map.of(
                                StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, String.valueOf(256L << 20),
                                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "1000");
                    case "ks_eos" ->
                        Map.of(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
                    default -> throw new IllegalArgumentException("No such mode: " + mode);
                });
        return properties;
    }

    private static Topology topology(Settings settings, boolean caches) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(store(SERIES, new SeriesSerde(), caches));
        builder.addStateStore(store(HISTORY, Row.serde(), caches));
        builder.stream(settings.rawTopic(), Consumed.with(Serdes.String(), bars(settings)))
                .process(SignalProcessor::new, SERIES, HISTORY)
                .to(settings.signalsTopic(), Produced.with(Serdes.String(), signals(settings)));
        return builder.build();
    }

    private static <V> StoreBuilder<KeyValueStore<String, V>> store(String name, Serde<V> values, boolean caches) {
        var builder = Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.String(), values);
        return caches ? builder.withCachingEnabled() : builder.withCachingDisabled();
    }

    /** All threads share a serde, and neither decoder nor encoder may be shared. */
    private static Serde<Bar> bars(Settings settings) {
        ThreadLocal<BarDecoder> decoder = ThreadLocal.withInitial(() -> new BarDecoder(settings));
        return Serdes.serdeFrom(
                (topic, bar) -> {
                    throw new UnsupportedOperationException("No bars are written");
                },
                (topic, value) -> decoder.get().decode(value));
    }

    private static Serde<Signal> signals(Settings settings) {
        ThreadLocal<SignalEncoder> encoder = ThreadLocal.withInitial(() -> new SignalEncoder(settings));
        return Serdes.serdeFrom((topic, signal) -> encoder.get().encode(signal), (topic, value) -> {
            throw new UnsupportedOperationException("No signals are read");
        });
    }

    /** Folds each bar into the series of its symbol. */
    private static final class SignalProcessor implements Processor<String, Bar, String, Signal> {
        private ProcessorContext<String, Signal> context;
        private KeyValueStore<String, Series> series;
        private KeyValueStore<String, Row> history;

        @Override
        public void init(ProcessorContext<String, Signal> context) {
            this.context = context;
            series = context.getStateStore(SERIES);
            history = context.getStateStore(HISTORY);
            // Called when a partition's stores are restored, just before its first bar is taken.
            Ready.say();
        }

        @Override
        public void process(Record<String, Bar> record) {
            String symbol = record.key();
            Series found = series.get(symbol);
            if (found == null) {
                found = new Series();
            }
            Signal signal = found.add(record.value());
            series.put(symbol, found);
            history.put(symbol + '/' + found.newestSlot(), new Row(record.value(), signal));
            context.forward(record.withValue(signal));
        }
    }
}
