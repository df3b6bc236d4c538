import {
  type Catalog,
  findRelation,
  findTable,
  keyOf,
  qualifiedName,
  type Relation,
  resolve,
  type Table,
} from '../catalog/catalog.ts';
import { type LockMode, stronger } from '../postgres/lock-mode.ts';
import type { Name } from '../sql/action.ts';
import type { Effect, EffectPart, Effects } from './effect.ts';

/** The work a statement does on a relation beside locking it; what is left out is false. */
export interface Work {
  readonly rewrite?: boolean;
  readonly scan?: boolean;
  /** Left out, a rewrite builds the indexes that are known. */
  readonly indexBuild?: boolean;
  readonly rows?: boolean;
  readonly online?: boolean;
  readonly conditional?: boolean;
}

/** Collects what a statement does, one entry a relation: the strongest lock, all of the work, and the reason for the heaviest part. */
export class Collector {
  readonly #catalog: Catalog;
  readonly #effects = new Map<string, Effect>();
  #notUnderstood: string | null = null;
  #by: EffectPart['by'];
  #main: string | null = null;

  constructor(catalog: Catalog, by: EffectPart['by']) {
    this.#catalog = catalog;
    this.#by = by;
  }

  /** The subcommand that does what follows. */
  command(by: EffectPart['by']): void {
    this.#by = by;
  }

  /** The relation that the statement is about; it comes first in the result. */
  main(name: Name): void {
    this.#main = resolve(this.#catalog, name);
  }

  /** A relation as the statement names it. */
  name(name: Name, lock: LockMode, because: string, work: Work = {}): void {
    const key = resolve(this.#catalog, name);
    const relation = this.#catalog.relations.get(key);
    if (relation === undefined && isSystem(name)) return;
    this.#add(key, relation, lock, because, work);
  }

  /** A relation by its key, known or not. */
  key(key: string, lock: LockMode, because: string): void {
    this.#add(key, this.#catalog.relations.get(key), lock, because, {});
  }

  /** A relation that the catalog knows. */
  relation(relation: Relation, lock: LockMode, because: string, work: Work = {}): void {
    this.#add(qualifiedName(relation), relation, lock, because, work);
  }

  /** Relations that a statement looks at without running a query: only those that it names. */
  named(names: readonly Name[], because: string): void {
    for (const name of names) this.name(name, 'AccessShareLock', because);
  }

  /** Something that is locked but cannot be named. */
  unnamed(relation: string, lock: LockMode, because: string, work: Work = {}): void {
    this.#add(relation, undefined, lock, because, work);
  }

  notUnderstood(reason: string): void {
    this.#notUnderstood ??= reason;
  }

  find(name: Name): Relation | null {
    return findRelation(this.#catalog, name);
  }

  table(name: Name): Table | null {
    return findTable(this.#catalog, name);
  }

  result(): Effects {
    const relations = [...this.#effects.values()];
    const main = relations.filter(({ relation }) => relation === this.#main);
    return {
      relations: [...main, ...relations.filter((effect) => !main.includes(effect))],
      notUnderstood: this.#notUnderstood,
    };
  }

  #add(key: string, relation: Relation | undefined, lock: LockMode, because: string, work: Work): void {
    const {
      rewrite = false,
      scan = false,
      indexBuild = rewrite && hasIndexes(relation),
      rows = false,
      online = false,
      conditional = false,
    } = work;
    const next: Effect = {
      relation: key,
      lock,
      rewrite,
      scan: scan || rewrite || indexBuild,
      indexBuild,
      rows,
      preexisting: relation === undefined || relation.file !== this.#catalog.file || this.#catalog.file === 0,
      online,
      certain: conditional ? null : lock,
      because,
      parts: [{ by: this.#by, rewrite, scan: scan || rewrite || indexBuild, indexBuild, because }],
    };
    const previous = this.#effects.get(key);
    this.#effects.set(key, previous === undefined ? next : mergeEffects(previous, next));
  }
}

/** The system's own catalogs are not told: everything reads them. */
function isSystem({ schema, name }: Name): boolean {
  return schema === null ? name.startsWith('pg_') : schema === 'pg_catalog' || schema === 'information_schema';
}

function hasIndexes(relation: Relation | undefined): boolean {
  return (relation?.kind === 'table' || relation?.kind === 'materialized-view') && relation.indexes.size > 0;
}

/** What two statements, or two parts of one, do to the same relation. */
export function mergeEffects(a: Effect, b: Effect): Effect {
  const lock = stronger(a.lock, b.lock);
  const heavier = weight(b) > weight(a) || (weight(b) === weight(a) && b.lock === lock && a.lock !== lock);
  return {
    relation: a.relation,
    lock,
    rewrite: a.rewrite || b.rewrite,
    scan: a.scan || b.scan,
    indexBuild: a.indexBuild || b.indexBuild,
    rows: a.rows || b.rows,
    preexisting: a.preexisting,
    certain: a.certain === null || b.certain === null ? (a.certain ?? b.certain) : stronger(a.certain, b.certain),
    online: (a.online || b.online) && lock === 'ShareUpdateExclusiveLock',
    because: heavier ? b.because : a.because,
    parts: [...a.parts, ...b.parts],
  };
}

function weight(effect: Effect): number {
  return effect.rewrite ? 3 : effect.indexBuild ? 2 : effect.scan ? 1 : 0;
}

/** `schema.name` as the catalog would key it. */
export function spelled(name: Name): string {
  return name.schema === null ? name.name : keyOf(name.schema, name.name);
}
