package peers;

/**
 * All that is kept of one symbol, as one value on the heap.
 *
 * <p>Columns of plain numbers, and not a map of objects: each checkpoint copies the value before it is next changed,
 * and writes it. Of what bars say of their run and source, which a symbol's have in common, the newest is kept.
 */
public class Window {
    public Series series = new Series();

    public String runId = "";
    public String origin = "";
    public String source = "";
    public String feed = "";
    public String adjustment = "";

    public long[] timestamps = new long[Series.KEPT];
    public double[] opens = new double[Series.KEPT];
    public double[] highs = new double[Series.KEPT];
    public double[] lows = new double[Series.KEPT];
    public double[] volumes = new double[Series.KEPT];
    public double[] vwaps = new double[Series.KEPT];
    public long[] tradeCounts = new long[Series.KEPT];

    public double[] smaFasts = new double[Series.KEPT];
    public double[] smaSlows = new double[Series.KEPT];
    public double[] rsis = new double[Series.KEPT];
    public byte[] actions = new byte[Series.KEPT];
    public byte[] previousActions = new byte[Series.KEPT];
    public byte[] reasons = new byte[Series.KEPT];
    public long[] emittedAts = new long[Series.KEPT];

    public Window() {}

    /** Takes in the next bar and returns its signal. */
    public Signal add(Bar bar) {
        Signal signal = series.add(bar);
        int slot = series.newestSlot();
        keep(slot, bar);
        keep(slot, signal);
        return signal;
    }

    private void keep(int slot, Bar bar) {
        runId = bar.runId;
        origin = bar.origin;
        source = bar.source;
        feed = bar.feed;
        adjustment = bar.adjustment;
        timestamps[slot] = bar.timestamp;
        opens[slot] = bar.open;
        highs[slot] = bar.high;
        lows[slot] = bar.low;
        volumes[slot] = bar.volume;
        vwaps[slot] = bar.vwap;
        tradeCounts[slot] = bar.tradeCount;
    }

    private void keep(int slot, Signal signal) {
        smaFasts[slot] = signal.smaFast;
        smaSlows[slot] = signal.smaSlow;
        rsis[slot] = signal.rsi;
        actions[slot] = signal.action;
        previousActions[slot] = signal.previousAction;
        reasons[slot] = signal.reason;
        emittedAts[slot] = signal.emittedAt;
    }
}
