/** What a migration's file name says, whatever framework it was written for. */
export interface FileName {
  /** What the ledger calls it: `001_add_email`, the same for `001_add_email.up.sql` and `001_add_email/up.sql`. */
  readonly name: string;
  /** The version prefix without leading zeros, dotted as in Flyway's `V1.2__x` and after Diesel's time; null without one. */
  readonly version: string | null;
  readonly kind: 'migration' | 'backfill' | 'down';
}

const SUFFIX = /\.(?:sql|pgsql|psql)$/i;

/** Diesel writes its timestamps with dashes: `2026-01-31-120000_create_users`; since 2.2 with a serial as well, `2026-01-31-120000-0000_create_users`. */
const DASHED_TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2})(?:-(\d{4,6})(?:-(?<serial>\d{4}))?)?(?![\d-])/;
const FLYWAY = /^[VU](\d+(?:[._]\d+)*)__/;
const SERIAL = /^[Vv]?(\d+)/;

/** Reads a file's name; `folder` is the name of the folder it lies in, which names it in the layout `NAME/up.sql`. */
export function readFileName(file: string, folder: string): FileName {
  const base = file.replace(SUFFIX, '');
  if (base === 'up' || base === 'migration') return { name: folder, version: versionOf(folder), kind: 'migration' };
  if (base === 'down') return { name: folder, version: versionOf(folder), kind: 'down' };
  const [, stem = base, role] = /^(.+)\.(up|down|undo|do|backfill)$/i.exec(base) ?? [];
  const kind =
    role === 'backfill' ? 'backfill' : /^(?:down|undo)$/i.test(role ?? '') || isFlywayUndo(stem) ? 'down' : 'migration';
  return { name: stem, version: versionOf(stem), kind };
}

function isFlywayUndo(stem: string): boolean {
  return stem.startsWith('U') && FLYWAY.test(stem);
}

function versionOf(stem: string): string | null {
  const dashed = DASHED_TIMESTAMP.exec(stem);
  if (dashed !== null) {
    const time = trimZeros(dashed.slice(1, 5).join(''));
    const serial = dashed.groups?.['serial'];
    return serial === undefined ? time : `${time}.${trimZeros(serial)}`;
  }
  const flyway = FLYWAY.exec(stem);
  if (flyway !== null) return (flyway[1] ?? '').split(/[._]/).map(trimZeros).join('.');
  const serial = SERIAL.exec(stem);
  return serial === null ? null : trimZeros(serial[1] ?? '');
}

function trimZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

/** The migration order: the version as a number of any length, then the name; without a version last. */
export function inMigrationOrder(
  a: { readonly version: string | null; readonly name: string },
  b: { readonly version: string | null; readonly name: string },
): number {
  return compareVersions(a.version, b.version) || compareText(a.name, b.name);
}

function compareVersions(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const left = a.split('.');
  const right = b.split('.');
  for (let part = 0; part < Math.max(left.length, right.length); part++) {
    const order = compareDigits(left[part] ?? '0', right[part] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

/** A timestamp with microseconds is past 2^53, so digits are compared as text: the longer one is greater. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

/** By code unit, so that the order is the same in every locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
