import type { ConfigValue } from "./json5-tree.ts";

const lineLengthMax = 100;
/** What Gson and the parser here both take as a name without quotes. */
const bareName = /^(?!(?:null|true|false|NaN|Infinity)$)[A-Za-z_][A-Za-z0-9_]*$/;

interface Style {
  /** Of the line on which the value begins. */
  indent: string;
  lineBreak: string;
  quotesNames: boolean;
}

/** A value as text that JSON5 and Robin read alike: JSON, but with bare names where that is the style of the file. */
export function layOutValue(value: ConfigValue, style: Style): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inside = { ...style, indent: `${style.indent}  ` };
  const isFlat = Object.values(value).every((part) => typeof part !== "object" || part === null);
  const parts = Array.isArray(value)
    ? value.map((part) => layOutValue(part, inside))
    : Object.entries(value).map(([key, part]) => layOutMember(key, part, inside));
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{ ", " }"];
  if (parts.length === 0) return `${open}${close}`.replaceAll(" ", "");
  const line = `${open}${parts.join(", ")}${close}`;
  if (isFlat && line.length + style.indent.length <= lineLengthMax) return line;
  const { lineBreak } = style;
  const lines = parts.map((part) => `${inside.indent}${part}`).join(`,${lineBreak}`);
  return `${open.trim()}${lineBreak}${lines}${lineBreak}${style.indent}${close.trim()}`;
}

export function layOutMember(key: string, value: ConfigValue, style: Style): string {
  const name = style.quotesNames || !bareName.test(key) ? JSON.stringify(key) : key;
  return `${name}: ${layOutValue(value, style)}`;
}
