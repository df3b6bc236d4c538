import type { Catalog } from '../catalog/catalog.ts';
import type { LintedFile } from '../lint/engine.ts';
import type { Script } from '../sql/statement.ts';

/** What `apply` asks the linter, before it runs anything. */
export interface LintGate {
  /** A table with no more rows is worked on in a moment, whatever is done to it. */
  readonly minRows: number;
  /** By rule: why its findings are let through in this run. */
  readonly allowed: ReadonlyMap<string, string>;
  /** Reads the files as one history that begins with `catalog`. */
  lint(scripts: readonly Script[], catalog: Catalog, version: number): readonly LintedFile[];
}
