package peers;

/**
 * What the indicators of one symbol need: its newest closes and Wilder's averages.
 *
 * <p>The closes are a ring: that of bar number n, counted from 0, is in slot n % KEPT. Public fields and an empty
 * constructor: Flink serializes such classes without Kryo.
 */
public class Series {
    /** How many bars and signals are kept of a symbol. */
    public static final int KEPT = 50;

    static final int FAST = 20;
    static final int SLOW = 50;
    static final int RSI = 14;

    private static final double BUY_BELOW = 30;
    private static final double SELL_ABOVE = 70;

    /** Closer averages are equal, relative to the larger one. */
    private static final double EQUAL = 1e-9;

    public long barsSeen;
    /** Wilder's averages of gains and losses; sums before there are RSI changes. */
    public double gain;

    public double loss;
    public byte action = Signal.NO_ACTION;
    public double[] closes = new double[KEPT];

    public Series() {}

    /** Takes in the next bar and returns its signal. */
    public Signal add(Bar bar) {
        if (barsSeen > 0) {
            advanceAverages(bar.close - closes[slot(barsSeen - 1)]);
        }
        closes[slot(barsSeen)] = bar.close;
        barsSeen++;
        Signal signal = new Signal();
        signal.symbol = bar.symbol;
        signal.runId = bar.runId;
        signal.origin = bar.origin;
        signal.source = bar.source;
        signal.feed = bar.feed;
        signal.timestamp = bar.timestamp;
        signal.close = bar.close;
        signal.smaFast = average(FAST);
        signal.smaSlow = average(SLOW);
        signal.rsi = rsi();
        signal.barsSeen = barsSeen;
        signal.previousAction = action;
        decide(signal);
        action = signal.action;
        signal.emittedAt = System.currentTimeMillis();
        return signal;
    }

    /** Where the newest bar and its signal go in a ring of KEPT. */
    public int newestSlot() {
        return slot(barsSeen - 1);
    }

    private static int slot(long number) {
        return (int) (number % KEPT);
    }

    /** Wilder: plain averages over the first RSI changes, then (average x (RSI - 1) + change) / RSI. */
    private void advanceAverages(double change) {
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

    private boolean isFlat() {
        double newest = closes[newestSlot()];
        for (long number = barsSeen - 1 - RSI; number < barsSeen; number++) {
            if (closes[slot(number)] != newest) {
                return false;
            }
        }
        return true;
    }

    private void decide(Signal signal) {
        double fast = signal.smaFast, slow = signal.smaSlow;
        signal.action = Signal.HOLD;
        signal.reason = Signal.NO_RULE;
        if (barsSeen < SLOW) {
            signal.reason = Signal.WARMING_UP;
        } else if (isFlat()) {
            signal.reason = Signal.FLAT;
        } else if (Math.abs(fast - slow) > EQUAL * Math.max(fast, slow)) {
            if (fast > slow && signal.rsi < BUY_BELOW) {
                signal.action = Signal.BUY;
                signal.reason = Signal.OVERSOLD;
            } else if (fast < slow && signal.rsi > SELL_ABOVE) {
                signal.action = Signal.SELL;
                signal.reason = Signal.OVERBOUGHT;
            }
        }
    }
}
