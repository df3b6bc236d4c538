/** What a team decides in its config, and rules obey. */
export interface Settings {
  readonly newTables: NewTables;
}

export interface NewTables extends NewTable {
  /** Schemas in which `forbid` forbids nothing; new tables there are judged by their shape. */
  readonly schemas: readonly string[];
  /** What differs for one table, by `schema.name`, or by name in any schema. */
  readonly tables: Readonly<Record<string, Partial<NewTable>>>;
}

export interface NewTable {
  /** `detect` judges the shape, `declare` wants a rate for every new table, `forbid` allows none, `allow` all. */
  readonly policy: NewTablePolicy;
  /** What a table may declare; null is no limit. */
  readonly maxWritesPerSecond: number | null;
}

export type NewTablePolicy = 'detect' | 'declare' | 'forbid' | 'allow';

export const DEFAULT_SETTINGS: Settings = {
  newTables: { policy: 'detect', maxWritesPerSecond: null, schemas: [], tables: {} },
};

/** What holds for one new table. */
export function newTableSettings({ newTables }: Settings, schema: string, name: string): NewTable {
  const { policy, maxWritesPerSecond, schemas, tables } = newTables;
  const own = [`${schema}.${name}`, name].find((key) => Object.hasOwn(tables, key));
  return {
    policy: policy === 'forbid' && schemas.includes(schema) ? 'detect' : policy,
    maxWritesPerSecond,
    ...(own === undefined ? {} : tables[own]),
  };
}
