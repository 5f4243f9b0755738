/** The element types of the built-in array types that occur in results. */
const elementTypes: ReadonlyMap<number, number> = new Map([
  [199, 114],
  [1000, 16],
  [1001, 17],
  [1002, 18],
  [1003, 19],
  [1005, 21],
  [1007, 23],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1028, 26],
  [1041, 869],
  [1115, 1114],
  [1182, 1082],
  [1183, 1083],
  [1185, 1184],
  [1187, 1186],
  [1231, 1700],
  [2951, 2950],
  [3807, 3802],
]);

/**
 * Converts a value of a result as the proxy does without `Neon-Raw-Text-Output`: booleans, small integers, finite
 * floats, documents and arrays become JSON; int8 and numeric stay text, since a JSON number would lose digits.
 */
export function toJson(text: string | null, typeId: number): unknown {
  if (text === null) return null;
  const elementType = elementTypes.get(typeId);
  if (elementType !== undefined) return parseArray(text, elementType);
  switch (typeId) {
    case 16:
      return text === 't';
    case 21:
    case 23:
      return Number(text);
    case 700:
    case 701:
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 114:
    case 3802:
      return JSON.parse(text);
    default:
      return text;
  }
}

/** Parses `{1,NULL,"a \"b\"",{2}}`, with the prefix `[2:3]=` of other lower bounds. */
function parseArray(text: string, elementType: number): unknown[] {
  const tokens = text.slice(text.indexOf('{')).matchAll(/([{},])|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs);
  const open: unknown[][] = [[]];
  for (const [, punctuation, quoted, plain] of tokens) {
    const current = open.at(-1) ?? [];
    if (punctuation === '{') {
      const nested: unknown[] = [];
      current.push(nested);
      open.push(nested);
    } else if (punctuation === '}') {
      open.pop();
    } else if (quoted !== undefined) {
      current.push(toJson(quoted.replaceAll(/\\(.)/gs, '$1'), elementType));
    } else if (plain !== undefined) {
      current.push(plain === 'NULL' ? null : toJson(plain, elementType));
    }
  }
  return open[0]?.[0] as unknown[];
}
