package peers;

/** What schemas/signal.avsc says of a bar, without the fields that follow from others. */
public class Signal {
    /** The names of periods, thresholds and version, as the project writes them. */
    public static final String STRATEGY = "sma20-sma50-rsi14-30-70/1";

    /** Indexes into the symbols of the schema's enum Action; NO_ACTION for the bar before the first. */
    public static final byte HOLD = 0, BUY = 1, SELL = 2, NO_ACTION = -1;

    /** Indexes into the symbols of the schema's enum Reason. */
    public static final byte NO_RULE = 0, OVERSOLD = 1, OVERBOUGHT = 2, WARMING_UP = 3, FLAT = 4;

    public String symbol;
    public String runId;
    public String origin;
    public String source;
    public String feed;
    public long timestamp;
    public byte action;
    public byte previousAction;
    public byte reason;
    public double close;
    /** NaN for none, as the other indicators. */
    public double smaFast;
    public double smaSlow;
    public double rsi;
    public long barsSeen;
    public long emittedAt;

    public Signal() {}
}
