/** Candles, averages, volume and RSI of one symbol. */

import {
  CandlestickSeries, createChart, createSeriesMarkers, CrosshairMode, HistogramSeries, LineSeries, LineStyle,
} from "../vendor/lightweight-charts-5.2.1.mjs";
import { Breaks } from "./breaks.js";
import { periods } from "./format.js";
import { onScheme, palette } from "./palette.js";
import { onZone, time } from "./zones.js";

const FIRST_BARS = 150;

/** After what the chart has to draw is drawn. */
const nextFrame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

export class Chart {
  /** `onPoint(place, chosen)`: the pointer is over a bar (null: over none), or one was clicked. */
  constructor(container, onPoint) {
    this.container = container;
    this.onPoint = onPoint;
    this.series = null;
    this.names = periods(null);
    this.everyAction = false;
    this.chart = createChart(container, { autoSize: true, ...this.options(palette()) });
    this.build();
    this.chart.subscribeCrosshairMove((event) => this.moved(event));
    this.chart.subscribeClick((event) => event.time !== undefined && this.onPoint(this.place(event.time), true));
    onScheme(() => this.repaint());
    onZone(() => this.chart.applyOptions(this.options(palette())));
  }

  /** The options in these colours; the zone is the chosen one. */
  options(colours) {
    return {
      layout: {
        background: { color: colours.surface }, textColor: colours.muted, fontSize: 11, attributionLogo: false,
        fontFamily: getComputedStyle(document.body).fontFamily,
        panes: { separatorColor: colours.line, separatorHoverColor: colours.grid },
      },
      grid: { vertLines: { visible: false }, horzLines: { color: colours.grid } },
      crosshair: { mode: CrosshairMode.Magnet, vertLine: { labelBackgroundColor: colours.muted }, horzLine: { labelBackgroundColor: colours.muted } },
      rightPriceScale: { borderColor: colours.line, scaleMargins: { top: 0.08, bottom: 0.24 } },
      timeScale: {
        borderColor: colours.line, timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 0.3,
        tickMarkFormatter: (at, tick) => time(at * 1000, tick < 3 ? "day" : "minute"),
      },
      localization: { locale: "en-GB", timeFormatter: (at) => time(at * 1000, "full") },
    };
  }

  build() {
    const line = { lineWidth: 2, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };
    this.candles = this.chart.addSeries(CandlestickSeries, { borderVisible: false }, 0);
    this.fast = this.chart.addSeries(LineSeries, line, 0);
    this.slow = this.chart.addSeries(LineSeries, line, 0);
    this.volume = this.chart.addSeries(
      HistogramSeries,
      { priceScaleId: "volume", priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false }, 0,
    );
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    // Between 0 and 100 the thresholds have labels of their own.
    const numbers = { type: "custom", minMove: 0.1, formatter: (value) => value.toFixed(0), tickmarksFormatter: (values) => values.map((value) => (value % 100 === 0 ? String(value) : "")) };
    const fixed = () => ({ priceRange: { minValue: 0, maxValue: 100 } });
    this.rsi = this.chart.addSeries(LineSeries, { ...line, lineWidth: 1.5, priceFormat: numbers, autoscaleInfoProvider: fixed }, 1);
    this.rsi.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.06 } });
    this.bounds = ["low", "high"].map((name) => this.rsi.createPriceLine({ price: this.names[name], lineStyle: LineStyle.Dashed, lineWidth: 1, axisLabelVisible: true, title: "" }));
    const [prices, strength] = this.chart.panes();
    prices.setStretchFactor(3.4);
    strength.setStretchFactor(1);
    this.markers = createSeriesMarkers(this.candles, []);
    this.breaks = new Breaks();
    this.candles.attachPrimitive(this.breaks);
    this.repaint();
  }

  repaint() {
    const colours = palette();
    this.colours = colours;
    this.chart.applyOptions(this.options(colours));
    this.candles.applyOptions({ upColor: colours.up, downColor: colours.down, wickUpColor: colours.up, wickDownColor: colours.down });
    this.fast.applyOptions({ color: colours.fast });
    this.slow.applyOptions({ color: colours.slow });
    this.rsi.applyOptions({ color: colours.rsi });
    for (const bound of this.bounds) bound.applyOptions({ color: colours.muted, axisLabelColor: colours.muted });
    if (this.series) this.draw();
  }

  /** Show a symbol's bars, the newest at the right. */
  show(series, strategy) {
    const fresh = this.series !== series;
    this.series = series;
    this.names = periods(strategy);
    ["low", "high"].forEach((name, index) => this.bounds[index].applyOptions({ price: this.names[name] }));
    this.draw();
    const count = series.points.length;
    if (!fresh || !count) return;
    this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(-1, count - FIRST_BARS), to: count + 4 });
    this.candles.priceScale().applyOptions({ autoScale: true });
  }

  /** Draw what a merge changed: in place where that can be done, so that zoom and position stay. */
  update({ whole, changed }) {
    if (whole) return this.draw();
    const last = this.series.points.length - 1;
    for (const place of changed) {
      const point = this.series.points[place];
      for (const [drawn, shape] of this.shapes()) drawn.update(shape(point), place < last);
    }
    return this.marks();
  }

  draw() {
    for (const [drawn, shape] of this.shapes()) drawn.setData(this.series.points.map(shape));
    this.marks();
  }

  /** What is drawn, and how a point looks in it. */
  shapes() {
    const value = (name) => ({ time: at, signal }) => {
      const found = signal?.[name];
      return found === null || found === undefined ? { time: at / 1000 } : { time: at / 1000, value: found };
    };
    return [
      [this.candles, ({ time: at, bar: { open, high, low, close } }) => ({ time: at / 1000, open, high, low, close })],
      [this.fast, value("sma_fast")],
      [this.slow, value("sma_slow")],
      [this.volume, ({ time: at, bar }) => ({ time: at / 1000, value: bar.volume, color: `${bar.close >= bar.open ? this.colours.up : this.colours.down}55` })],
      [this.rsi, value("rsi")],
    ];
  }

  /** Arrows where the action turned, squares at splits, and the lines of sessions and gaps. */
  marks() {
    const markers = [];
    const lines = [];
    this.series.points.forEach(({ time: at, signal }, place) => {
      const when = at / 1000;
      if (this.series.startsSession(place)) lines.push({ time: when, kind: "session" });
      else if (this.series.gapBefore(place)) lines.push({ time: when, kind: "gap" });
      if (this.series.isSplit(place)) markers.push({ time: when, position: "aboveBar", shape: "square", color: this.colours.rsi, text: "split" });
      const marker = signal && this.marker(signal);
      if (marker) markers.push({ time: when, ...marker });
    });
    this.markers.setMarkers(markers);
    this.breaks.set(lines, this.colours);
  }

  marker({ action, transition }) {
    if (action === "HOLD" || !(transition || this.everyAction)) return null;
    const text = transition ? action : "";
    return action === "BUY"
      ? { position: "belowBar", shape: "arrowUp", color: this.colours.buy, text }
      : { position: "aboveBar", shape: "arrowDown", color: this.colours.sell, text };
  }

  /** Mark all BUY and SELL bars, or only those where the action turned. */
  markEvery(every) {
    this.everyAction = every;
    if (this.series) this.marks();
  }

  /** Put the crosshair on a bar, and bring it into view. */
  async point(place) {
    const { series } = this;
    const { time: at, bar } = series.points[place];
    const scale = this.chart.timeScale();
    await nextFrame(); // A range that was just set is not there before.
    const range = scale.getVisibleLogicalRange();
    if (range && (place < range.from + 1 || place > range.to - 1)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: place - half, to: place + half });
      await nextFrame();
    }
    if (series === this.series) this.chart.setCrosshairPosition(bar.close, at / 1000, this.candles);
  }

  /** Show more (above 1) or fewer bars. */
  zoom(factor) {
    const scale = this.chart.timeScale();
    const { from, to } = scale.getVisibleLogicalRange() ?? { from: 0, to: FIRST_BARS };
    scale.setVisibleLogicalRange({ from: to - Math.min(5000, Math.max(15, (to - from) * factor)), to });
  }

  /** Show every bar there is. */
  fit() {
    this.chart.timeScale().fitContent();
  }

  moved(event) {
    this.onPoint(event.time === undefined ? null : this.place(event.time), false);
  }

  place(seconds) {
    return this.series?.placeOf(seconds * 1000) ?? null;
  }
}
