package peers;

/** A bar as schemas/bar.avsc has it. Public fields and an empty constructor: Flink serializes such classes fast. */
public class Bar {
    public static final long NO_COUNT = -1;

    public String symbol;
    /** Start of the minute, UTC epoch milliseconds. */
    public long timestamp;
    public double open;
    public double high;
    public double low;
    public double close;
    public double volume;
    /** NO_COUNT for none. */
    public long tradeCount;
    /** NaN for none. */
    public double vwap;
    public String runId;
    public String origin;
    public String source;
    public String feed;
    public String adjustment;

    public Bar() {}
}
