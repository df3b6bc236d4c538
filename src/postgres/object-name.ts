/** Names longer than this many bytes of UTF-8 are cut: NAMEDATALEN - 1. */
const MOST_BYTES = 63;

/**
 * The name that PostgreSQL makes for an index, a constraint or a sequence: parts joined by `_`, of which the longer of the first two is cut
 * until the label fits. https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/commands/indexcmds.c (makeObjectName)
 */
export function objectName(relation: string, columns: string | null, label: string): string {
  const whole = columns === null ? `${relation}_${label}` : `${relation}_${columns}_${label}`;
  if (whole.length <= MOST_BYTES && ASCII.test(whole)) return whole;
  let first = byteLength(relation);
  let second = columns === null ? 0 : byteLength(columns);
  const room = MOST_BYTES - byteLength(label) - 1 - (columns === null ? 0 : 1);
  while (first + second > room) {
    if (first > second) first -= 1;
    else second -= 1;
  }
  const parts = columns === null ? [clip(relation, first)] : [clip(relation, first), clip(columns, second)];
  return [...parts, label].join('_');
}

/** Column names in the name of an object are joined only until they fill a name. */
export function joinedColumns(columns: readonly string[]): string {
  let joined = '';
  for (const column of columns) {
    joined += joined === '' ? column : `_${column}`;
    if (byteLength(joined) > MOST_BYTES) break;
  }
  return joined;
}

const ASCII = /^[\u0000-\u007F]*$/;

function byteLength(text: string): number {
  return ASCII.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/** At most so many bytes, and no part of a character. */
function clip(text: string, bytes: number): string {
  if (ASCII.test(text)) return text.slice(0, bytes);
  const target = new Uint8Array(bytes);
  const { read } = new TextEncoder().encodeInto(text, target);
  return text.slice(0, read);
}
