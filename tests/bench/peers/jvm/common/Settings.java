package peers;

import java.io.Serializable;
import java.nio.file.Path;

/** What a peer is told by environment variables; tests/bench/peers/peer.py has their meaning. Flink sends it to its tasks. */
record Settings(
        String kafka,
        String registry,
        String rawTopic,
        String signalsTopic,
        String appId,
        String stateDir,
        String barSchema,
        String signalSchema,
        int signalSchemaId)
        implements Serializable {

    static Settings ofEnvironment() {
        return new Settings(
                get("KAFKA_BOOTSTRAP"),
                get("SCHEMA_REGISTRY_URL"),
                get("RAW_TOPIC"),
                get("SIGNALS_TOPIC"),
                get("APP_ID"),
                Path.of(get("STATE_DIR")).toAbsolutePath().toString(),
                get("BAR_SCHEMA"),
                get("SIGNAL_SCHEMA"),
                Integer.parseInt(get("SIGNAL_SCHEMA_ID")));
    }

    private static String get(String name) {
        String value = System.getenv(name);
        if (value == null) {
            throw new IllegalArgumentException("The environment variable " + name + " is not set");
        }
        return value;
    }
}
