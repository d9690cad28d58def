package peers;

/**
 * What is kept of one symbol: its newest 50 bars, the signal of each, and Wilder's averages.
 *
 * <p>A ring: bar number n (from 0) is in slot n % 50 of each column. Of what a bar says of its run and source, only
 * the newest is kept. Public fields and an empty constructor: Flink serializes such classes without Kryo.
 */
public class Window {
    public static final int KEPT = 50;
    public static final int SLOW = 50;
    public static final int FAST = 20;
    public static final int RSI = 14;

    /** Closer averages are equal, relative to the larger one. */
    private static final double EQUAL = 1e-9;

    public long barsSeen;
    /** Wilder's averages of gains and losses; sums before there are RSI changes. */
    public double gain;
    public double loss;

    public String runId = "";
    public String origin = "";
    public String source = "";
    public String feed = "";
    public String adjustment = "";

    public long[] timestamps = new long[KEPT];
    public double[] opens = new double[KEPT];
    public double[] highs = new double[KEPT];
    public double[] lows = new double[KEPT];
    public double[] closes = new double[KEPT];
    public double[] volumes = new double[KEPT];
    public double[] vwaps = new double[KEPT];
    public long[] tradeCounts = new long[KEPT];

    public double[] smaFasts = new double[KEPT];
    public double[] smaSlows = new double[KEPT];
    public double[] rsis = new double[KEPT];
    public byte[] actions = new byte[KEPT];
    public byte[] previousActions = new byte[KEPT];
    public byte[] reasons = new byte[KEPT];
    public long[] emittedAts = new long[KEPT];

    public Window() {}

    /** Takes in the next bar, computed at `now` (UTC epoch milliseconds), and returns its signal. */
    public Signal add(Bar bar, long now) {
        int slot = slot(barsSeen);
        int before = slot(barsSeen + KEPT - 1);
        byte previous = barsSeen == 0 ? Signal.NO_ACTION : actions[before];
        advanceAverages(barsSeen == 0 ? 0 : bar.close - closes[before]);
        barsSeen++;
        putBar(slot, bar);
        smaFasts[slot] = average(FAST);
        smaSlows[slot] = average(SLOW);
        rsis[slot] = rsi();
        decide(slot);
        previousActions[slot] = previous;
        emittedAts[slot] = now;
        return signal(slot, bar.symbol);
    }

    private static int slot(long number) {
        return (int) (number % KEPT);
    }

    /** Wilder: plain averages over the first RSI changes, then (average x (RSI - 1) + change) / RSI. */
    private void advanceAverages(double change) {
        if (barsSeen == 0) {
            return;
        }
        if (barsSeen > RSI) {
            gain *= RSI - 1;
            loss *= RSI - 1;
        }
        if (change > 0) {
            gain += change;
        } else {
            loss -= change;
        }
        if (barsSeen >= RSI) {
            gain /= RSI;
            loss /= RSI;
        }
    }

    private void putBar(int slot, Bar bar) {
        runId = bar.runId;
        origin = bar.origin;
        source = bar.source;
        feed = bar.feed;
        adjustment = bar.adjustment;
        timestamps[slot] = bar.timestamp;
        opens[slot] = bar.open;
        highs[slot] = bar.high;
        lows[slot] = bar.low;
        closes[slot] = bar.close;
        volumes[slot] = bar.volume;
        vwaps[slot] = bar.vwap;
        tradeCounts[slot] = bar.tradeCount;
    }

    private double average(int period) {
        if (barsSeen < period) {
            return Double.NaN;
        }
        double sum = 0;
        for (long number = barsSeen - period; number < barsSeen; number++) {
            sum += closes[slot(number)];
        }
        return sum / period;
    }

    private double rsi() {
        if (barsSeen <= RSI) {
            return Double.NaN;
        }
        double total = gain + loss;
        return total > 0 ? 100 * (gain / total) : 50;
    }

    private boolean isFlat(int slot) {
        for (long number = barsSeen - 1 - RSI; number < barsSeen; number++) {
            if (closes[slot(number)] != closes[slot]) {
                return false;
            }
        }
        return true;
    }

    private void decide(int slot) {
        double fast = smaFasts[slot], slow = smaSlows[slot], rsi = rsis[slot];
        byte action = Signal.HOLD, reason = Signal.NO_RULE;
        if (barsSeen < SLOW) {
            reason = Signal.WARMING_UP;
        } else if (isFlat(slot)) {
            reason = Signal.FLAT;
        } else if (Math.abs(fast - slow) > EQUAL * Math.max(fast, slow)) {
            if (fast > slow && rsi < 30) {
                action = Signal.BUY;
                reason = Signal.OVERSOLD;
            } else if (fast < slow && rsi > 70) {
                action = Signal.SELL;
                reason = Signal.OVERBOUGHT;
            }
        }
        actions[slot] = action;
        reasons[slot] = reason;
    }

    private Signal signal(int slot, String symbol) {
        Signal signal = new Signal();
        signal.symbol = symbol;
        signal.runId = runId;
        signal.origin = origin;
        signal.source = source;
        signal.feed = feed;
        signal.timestamp = timestamps[slot];
        signal.action = actions[slot];
        signal.previousAction = previousActions[slot];
        signal.reason = reasons[slot];
        signal.close = closes[slot];
        signal.smaFast = smaFasts[slot];
        signal.smaSlow = smaSlows[slot];
        signal.rsi = rsis[slot];
        signal.barsSeen = barsSeen;
        signal.emittedAt = emittedAts[slot];
        return signal;
    }
}
