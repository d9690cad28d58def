/** Vertical lines on the chart: where sessions begin (solid) and where minutes are missing (dotted). */

export class Breaks {
  constructor() {
    this.lines = [];
    this.colours = { session: "", gap: "" };
  }

  /** `lines`: [{time in seconds, kind: session or gap}]. */
  set(lines, colours) {
    this.lines = lines;
    this.colours = colours;
    this.requestUpdate?.();
  }

  attached({ chart, requestUpdate }) {
    this.chart = chart;
    this.requestUpdate = requestUpdate;
  }

  paneViews() {
    return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.draw(target) }) }];
  }

  draw(target) {
    const scale = this.chart.timeScale();
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: ratio }) => {
      for (const { time, kind } of this.lines) {
        const x = scale.timeToCoordinate(time);
        if (x === null || x < 0) continue;
        const at = Math.round((x - scale.options().barSpacing / 2) * ratio) + 0.5;
        if (at > bitmapSize.width) continue;
        context.beginPath();
        context.lineWidth = Math.max(1, Math.floor(ratio));
        context.strokeStyle = this.colours[kind];
        context.setLineDash(kind === "gap" ? [2 * ratio, 4 * ratio] : []);
        context.moveTo(at, 0);
        context.lineTo(at, bitmapSize.height);
        context.stroke();
      }
    });
  }
}
