/** Numbers and durations for people, and small pieces of the document. */

const prices = new Map();

/** A price: two digits, more below 1. */
export function price(value) {
  if (value === null || value === undefined) return "–";
  const digits = Math.abs(value) < 1 ? 4 : 2;
  if (!prices.has(digits)) {
    prices.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return prices.get(digits).format(value);
}

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** A whole number with thousands apart. */
export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));

/** A large number in short, for example 1.2M. */
export const compact = (value) => (value === null || value === undefined ? "–" : short.format(value));

/** Points of the RSI. */
export const points = (value) => (value === null || value === undefined ? "–" : value.toFixed(1));

/** A ratio as a signed percentage; the minus sign is as wide as the plus. */
export function percent(ratio) {
  if (ratio === null || ratio === undefined) return "–";
  const text = (Math.abs(ratio) * 100).toFixed(2);
  return text === "0.00" ? "0.00%" : `${ratio < 0 ? "−" : "+"}${text}%`;
}

/** Seconds as the two largest units, for example 2 h 13 min. */
export function duration(seconds) {
  const left = Math.max(0, Math.round(seconds));
  const units = [[Math.floor(left / 86_400), "d"], [Math.floor(left / 3_600) % 24, "h"], [Math.floor(left / 60) % 60, "min"]];
  const said = units.filter(([amount]) => amount > 0).slice(0, 2).map(([amount, unit]) => `${amount} ${unit}`);
  return said.length ? said.join(" ") : `${left} s`;
}

/** An element with properties and children; text is never read as markup. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Set text only where it differs, so that nothing is laid out again for nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Periods and thresholds that a strategy's name tells, for example sma20-sma50-rsi14-30-70/1. */
export function periods(strategy) {
  const found = /sma(\d+)-sma(\d+)-rsi(\d+)-([\d.]+)-([\d.]+)/.exec(strategy ?? "");
  const [fast, slow, rsi, low, high] = found ? found.slice(1) : [null, null, null, 30, 70];
  return {
    fast: fast ? `SMA-${fast}` : "Fast average",
    slow: slow ? `SMA-${slow}` : "Slow average",
    rsi: rsi ? `RSI-${rsi}` : "RSI",
    low: Number(low),
    high: Number(high),
  };
}
