package peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Bars to signals by Flink: a cluster in this process, windows on the heap, a checkpoint a second. */
public final class FlinkPeer {
    private static final int PARALLELISM = 2;

    private FlinkPeer() {}

    public static void main(String[] arguments) throws Exception {
        boolean exactlyOnce =
                switch (arguments[0]) {
                    case "flink" -> false;
                    case "flink_eos" -> true;
                    default -> throw new IllegalArgumentException("No such mode: " + arguments[0]);
                };
        Settings settings = Settings.ofEnvironment();
        var environment =
                StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration(settings, exactlyOnce));
        environment
                .fromSource(source(settings), WatermarkStrategy.noWatermarks(), "bars")
                .keyBy(bar -> bar.symbol)
                .process(new SignalFunction())
                .sinkTo(sink(settings, exactlyOnce));
        JobClient job = environment.executeAsync("signals");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> cancel(job)));
        job.getJobExecutionResult().get();
    }

    private static void cancel(JobClient job) {
        try {
            job.cancel().get(10, TimeUnit.SECONDS);
        } catch (Exception error) {
            System.err.println("The job was not cancelled in time: " + error);
        }
    }

    private static Configuration configuration(Settings settings, boolean exactlyOnce) throws IOException {
        Path checkpoints = Path.of(settings.stateDir(), "checkpoints");
        Configuration configuration = new Configuration();
        configuration.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        // This is about state, which is exact in both modes; the sink's guarantee is what differs.
        configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
        configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
        configuration.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        configuration.set(PipelineOptions.OBJECT_REUSE, true);
        configuration.set(PipelineOptions.GENERIC_TYPES, false);
        if (!exactlyOnce) {
            configuration.set(ExecutionOptions.BUFFER_TIMEOUT, Duration.ofMillis(5));
        }
        Optional<Path> newest = newest(checkpoints);
        if (newest.isPresent()) {
            configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, newest.get().toUri().toString());
            configuration.set(StateRecoveryOptions.RESTORE_MODE, RecoveryClaimMode.CLAIM);
        }
        return configuration;
    }

    /** The newest whole checkpoint: checkpoints/JOB/chk-N, whose metadata is written last. */
    private static Optional<Path> newest(Path checkpoints) throws IOException {
        if (!Files.isDirectory(checkpoints)) {
            return Optional.empty();
        }
        try (var files = Files.find(checkpoints, 3, (path, attributes) -> path.endsWith("_metadata"))) {
            return files.max(Comparator.comparing(path -> path.toFile().lastModified())).map(Path::getParent);
        }
    }

    private static KafkaSource<Bar> source(Settings settings) {
        return KafkaSource.<Bar>builder()
                .setBootstrapServers(settings.kafka())
                .setTopics(settings.rawTopic())
                .setGroupId(settings.appId())
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new BarDeserializer(settings))
                .build();
    }

    private static KafkaSink<Signal> sink(Settings settings, boolean exactlyOnce) {
        var builder = KafkaSink.<Signal>builder()
                .setBootstrapServers(settings.kafka())
                .setRecordSerializer(new SignalSerializer(settings))
                .setDeliveryGuarantee(exactlyOnce ? DeliveryGuarantee.EXACTLY_ONCE : DeliveryGuarantee.AT_LEAST_ONCE);
        if (exactlyOnce) {
            // The broker allows 15 minutes; Flink's own default is an hour.
            builder.setTransactionalIdPrefix(settings.appId())
                    .setProperty(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, "600000");
        }
        return builder.build();
    }

    private static final class BarDeserializer implements KafkaRecordDeserializationSchema<Bar> {
        private final Settings settings;
        private transient BarDecoder decoder;

        private BarDeserializer(Settings settings) {
            this.settings = settings;
        }

        @Override
        public void open(DeserializationSchema.InitializationContext context) {
            decoder = new BarDecoder(settings);
            // Called when a source's reader is made, just before it fetches.
            Ready.say();
        }

        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Bar> out) {
            out.collect(decoder.decode(record.value()));
        }

        @Override
        public TypeInformation<Bar> getProducedType() {
            return TypeInformation.of(Bar.class);
        }
    }

    private static final class SignalSerializer implements KafkaRecordSerializationSchema<Signal> {
        private final Settings settings;
        private transient SignalEncoder encoder;

        private SignalSerializer(Settings settings) {
            this.settings = settings;
        }

        @Override
        public ProducerRecord<byte[], byte[]> serialize(Signal signal, KafkaSinkContext context, Long timestamp) {
            if (encoder == null) {
                encoder = new SignalEncoder(settings);
            }
            byte[] key = signal.symbol.getBytes(StandardCharsets.UTF_8);
            return new ProducerRecord<>(settings.signalsTopic(), key, encoder.encode(signal));
        }
    }

    /** Folds each bar into the window of its symbol. */
    private static final class SignalFunction extends KeyedProcessFunction<String, Bar, Signal> {
        private transient ValueState<Window> windows;

        @Override
        public void open(OpenContext context) {
            windows = getRuntimeContext().getState(new ValueStateDescriptor<>("windows", Window.class));
        }

        @Override
        public void processElement(Bar bar, Context context, Collector<Signal> out) throws IOException {
            Window window = windows.value();
            if (window == null) {
                window = new Window();
            }
            Signal signal = window.add(bar);
            windows.update(window);
            out.collect(signal);
        }
    }
}
