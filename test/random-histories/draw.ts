import { type Catalog, type Column, type Index, type Relation, type Table } from '../../src/catalog/catalog.ts';
import { quoteIdent } from '../../src/postgres/quote.ts';

/** Makes a statement for the schema as it stands, or null where it has nothing to say there. */
export type Maker = (draw: Draw) => string | null;

/** Turns drawn numbers into choices; where they run out, every choice is the first. So a smaller draw is a simpler statement. */
export class Draw {
  readonly catalog: Catalog;
  readonly #numbers: readonly number[];
  #next = 0;
  readonly #step: number;

  /** `step` is unlike that of any other statement of the history: new names are made of it. */
  constructor(catalog: Catalog, step: number, numbers: readonly number[]) {
    this.catalog = catalog;
    this.#step = step;
    this.#numbers = numbers;
  }

  below(limit: number): number {
    const number = this.#numbers[this.#next] ?? 0;
    this.#next += 1;
    return limit <= 0 ? 0 : number % limit;
  }

  one<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new NothingToChoose();
    return choice;
  }

  /** True in `percent` of a hundred draws, and not where they have run out. */
  often(percent: number): boolean {
    return this.below(100) >= 100 - percent;
  }

  /** One to `most` of them. */
  some<T>(choices: readonly T[], most: number): T[] {
    if (choices.length === 0) throw new NothingToChoose();
    const count = 1 + this.below(Math.min(most, choices.length));
    const start = this.below(choices.length);
    return Array.from({ length: count }, (_, index) => choices[(start + index) % choices.length]).filter(
      (item) => item !== undefined,
    );
  }

  fresh(prefix: string): string {
    return `${prefix}${this.#step}`;
  }

  relations(...kinds: Relation['kind'][]): Relation[] {
    return [...this.catalog.relations.values()].filter(({ kind }) => kinds.includes(kind));
  }

  index(): Index {
    return this.one(
      [...this.catalog.relations.values()].flatMap((relation) => (relation.kind === 'index' ? [relation] : [])),
    );
  }

  tables(such: (table: Table) => boolean = () => true): Table[] {
    return [...this.catalog.relations.values()].flatMap((relation) =>
      relation.kind === 'table' && such(relation) ? [relation] : [],
    );
  }

  table(such?: (table: Table) => boolean): Table {
    return this.one(this.tables(such));
  }

  column(table: Table, such: (column: Column) => boolean = () => true): string {
    return this.one([...table.columns].filter(([, column]) => such(column)).map(([name]) => name));
  }
}

/** A choice among nothing: the statement is not possible in this schema. */
export class NothingToChoose extends Error {}

export function named(relation: Relation): string {
  return `${quoteIdent(relation.schema)}.${quoteIdent(relation.name)}`;
}

export { quoteIdent };
