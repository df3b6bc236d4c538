import type { Stretch, ToolRun } from '../effects/tool-run.ts';
import type { Fills } from '../sql/fills.ts';
import { type Framework, type Repository, type SeenFile, type Site, usualPlace } from './framework.ts';
import { type FileName, inMigrationOrder } from './name.ts';
import { downSection, upSection } from './sections.ts';

/** A tool where it was found. */
export interface Found {
  readonly framework: Framework;
  readonly site: Site;
  readonly repository: Repository;
}

export interface GivenFile extends SeenFile {
  /** Named by itself, and so wanted whatever it is called. */
  readonly isNamed: boolean;
}

export interface PlacedFile<File extends GivenFile> {
  readonly file: File;
  readonly name: FileName;
  readonly stretches: readonly Stretch[];
  readonly fills?: Fills;
}

/** The files of a tool in its order, and those that it would not read. */
export function arrange<File extends GivenFile>(
  files: readonly File[],
  { framework, site, repository }: Found,
): {
  readonly placed: readonly PlacedFile<File>[];
  readonly leftOut: readonly File[];
  readonly callbacks: readonly File[];
} {
  const place = framework.place ?? usualPlace;
  const placed = new Map<string, PlacedFile<File>>();
  for (const file of files) {
    const name = place(insideOf(site, file.path)) ?? (file.isNamed ? usualPlace(file.path) : null);
    if (name === null) continue;
    // What is counted from the beginning is counted without a byte order mark.
    const seen = { path: file.path, text: file.text.replace(/^\uFEFF/, '') };
    const fills = framework.fills?.(seen, repository, site) ?? null;
    const stretches = framework.stretches(seen, repository, site);
    placed.set(file.path, { file, name, stretches, ...(fills === null ? {} : { fills }) });
  }
  const inOrder = [...placed.values()].toSorted(
    (a, b) => inMigrationOrder(a.name, b.name) || inMigrationOrder(atPath(a.file), atPath(b.file)),
  );
  const paths = inOrder.map(({ file }) => file.path);
  const sorted = framework.sort?.(paths, site, repository) ?? paths;
  const known = new Set(sorted);
  const named = paths.filter((path) => !known.has(path) && placed.get(path)?.file.isNamed === true);
  const all = [...sorted, ...named].flatMap((path) => placed.get(path) ?? []);
  const kept = new Set(all.map(({ file }) => file.path));
  const others = files.filter(({ path }) => !kept.has(path) && framework.beside?.test(path) !== true);
  const isCallback = ({ path }: File): boolean => framework.callbacks?.test(path) === true;
  return {
    placed: all,
    leftOut: others.filter((file) => !isCallback(file)),
    callbacks: others.filter(isCallback),
  };
}

const atPath = ({ path }: SeenFile) => ({ version: null, name: path });

/** Whether a file lies where the tool has its migrations. */
export function belongs({ dirs }: Site, path: string): boolean {
  return dirs.some((dir) => dir === '' || path === dir || path.startsWith(`${dir}/`));
}

function insideOf({ dirs }: Site, path: string): string {
  const dir = dirs.filter((dir) => path.startsWith(`${dir}/`)).toSorted((a, b) => b.length - a.length)[0];
  return dir === undefined ? path : path.slice(dir.length + 1);
}

/** How the tool runs a file, on its own. */
export function runOf({ framework }: Pick<Found, 'framework'>, stretches: readonly Stretch[]): ToolRun {
  return { tool: framework.title, does: framework.does, apart: framework.apart, stretches, joins: false };
}

/** The text of one way; null where a file has nothing to say of it. */
export function sideOf(
  text: string,
  { kind }: Pick<FileName, 'kind'>,
  side: 'up' | 'down',
  framework: Framework | null,
): string | null {
  const words = framework === null ? 'alone' : framework.readsWords === true ? 'any' : 'none';
  if (side === 'up') return kind === 'down' ? null : upSection(framework?.blank?.(text) ?? text, words);
  return kind === 'down' ? text : framework?.down === undefined ? downSection(text, words) : framework.down(text);
}

/** What is said of a tool in one line: `Prisma migrations in prisma/migrations (…)`. */
export function describeTool({ framework, site }: Pick<Found, 'framework' | 'site'>, root: string): string {
  const places = site.dirs.map((dir) => [root, dir].filter((part) => part !== '').join('/') || '.');
  return `${framework.title} ${framework.what ?? 'migrations'} in ${places.join(', ')} (${framework.transactions.replaceAll('`', '')})`;
}
