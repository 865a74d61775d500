"use strict";
// Numbers as bench/instrument/units.py writes them: three significant digits, units that fit, ratios as reciprocals.

const number = value => {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Number(value.toExponential(2).split("e")[1]));
  return Number(value.toPrecision(3)).toLocaleString("en-US", {minimumFractionDigits: digits, maximumFractionDigits: digits});
};

const seconds = value => {
  const units = [[1, "s"], [1e-3, "ms"], [1e-6, "\u00b5s"], [1e-9, "ns"]];
  const [scale, unit] = units.find(([scale]) => value / scale >= 1 - 0.5e-3) ?? units.at(-1);
  return `${number(value / scale)} ${unit}`;
};

const faster = ratio => ratio >= 1 ? `${number(ratio)}x faster` : `${number(1 / ratio)}x slower`;

const whole = value => value.toLocaleString("en-US");
