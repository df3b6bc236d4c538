const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A size as people read it, to two or three digits, in steps of 1024 as PostgreSQL counts: `8 kB`, `1.4 GB`. */
export function roughBytes(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1_000 && unit < UNITS.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1).replace(/\.0$/, '') : Math.round(size)} ${UNITS[unit]}`;
}

/** A size such as `512kB`, `8MB` or `1GB`, as PostgreSQL writes them, in bytes; null where it is none. */
export function parseBytes(text: string): number | null {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(kB|MB|GB|TB)$/.exec(text.trim()) ?? [];
  return number === undefined ? null : Number(number) * 1_024 ** UNITS.indexOf(unit);
}
