/** A time in milliseconds since 1970 as tiptoe writes it: `2026-01-31T22:00:00Z`. */
export function utc(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
