/**
 * The text Helm turns a YAML float into: shortest digits that give the same 32-bit float, in Go's `%g` form
 * (`1.10` → `1.1`, `72551e2` → `7.2551e+06`, `1e40` → `+Inf`). Source: sigs.k8s.io/yaml, strconv.FormatFloat(v, 'g', -1, 32).
 */
export function float32Text(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return "NaN";
  if (!Number.isFinite(single)) return single > 0 ? "+Inf" : "-Inf";
  const sign = single < 0 || Object.is(single, -0) ? "-" : "";
  if (single === 0) return `${sign}0`;
  const [mantissa = "", exponentText = "0"] = shortest(Math.abs(single)).split("e");
  const digits = mantissa.replace(".", "").replace(/0+$/, "") || "0";
  return sign + layOut(digits, Number(exponentText));
}

/** The text of a float as a map key: as above, but with YAML's words for the odd values. */
export function floatKeyText(value: number): string {
  const text = float32Text(value);
  return text === "+Inf" ? ".inf" : text === "-Inf" ? "-.inf" : text === "NaN" ? ".nan" : text;
}

/** Nine significant digits always identify a 32-bit float. */
function shortest(single: number): string {
  for (let count = 1; count < 9; count++) {
    const text = nearest(single, count);
    if (Math.fround(Number(text)) === single) return text;
    // Just below a power of two the floats lie half as far apart: the nearest decimal may miss where the one above hits.
    const above = nextUp(text);
    if (Math.fround(Number(above)) === single) return above;
  }
  return single.toExponential(8);
}

/** The nearest decimal of so many digits; of two equally near the even one, where JavaScript takes the larger (and Go too, at powers of two). */
function nearest(single: number, count: number): string {
  const text = single.toExponential(count - 1);
  if (Number.isInteger(Math.log2(single))) return text;
  const exact = single.toExponential(100).split("e")[0]?.replace(".", "") ?? "";
  if (!/^50*$/.test(exact.slice(count))) return text;
  const even = /[02468]$/.test(exact.slice(0, count));
  return even ? `${exact.slice(0, 1)}.${exact.slice(1, count)}e${single.toExponential(100).split("e")[1] ?? "0"}` : text;
}

function nextUp(text: string): string {
  const [mantissa = "", exponent = "0"] = text.split("e");
  const digits = mantissa.replace(".", "");
  const raised = (BigInt(digits) + 1n).toString();
  return `${raised[0] ?? "1"}.${raised.slice(1)}e${Number(exponent) + raised.length - digits.length}`;
}

function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= 6) return scientific(digits, exponent);
  if (exponent >= 0) {
    const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
    const fraction = digits.slice(exponent + 1);
    return fraction === "" ? whole : `${whole}.${fraction}`;
  }
  return `0.${"0".repeat(-exponent - 1)}${digits}`;
}

function scientific(digits: string, exponent: number): string {
  const fraction = digits.slice(1);
  const sign = exponent < 0 ? "-" : "+";
  const size = Math.abs(exponent).toString().padStart(2, "0");
  return `${digits[0] ?? "0"}${fraction === "" ? "" : `.${fraction}`}e${sign}${size}`;
}
