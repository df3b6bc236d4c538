/** A statement whose effects the server is asked for; one line of data. It runs against the schema of schema.ts, and is rolled back. */
export interface Shape {
  readonly sql: string;
  /** The first major version that knows it; left out, all do. */
  readonly since?: number;
  /** The last major version that it is for. */
  readonly until?: number;
  /** Statements of an earlier file that only this shape needs. */
  readonly before?: string;
  /** Statements before it in its own file: what they make is new, what they SET holds. */
  readonly sameFile?: string;
  /** The server refuses it inside a transaction, for a reason that the statement alone does not show. */
  readonly alone?: true;
}

/** A line that says nothing but its statement is a string. */
export type Shapes = readonly (string | Shape)[];

export function isFor({ since = 13, until = 18 }: Shape, version: number): boolean {
  return since <= version && version <= until;
}

/** Statements that share what was before them. */
export function withSchema(common: Omit<Shape, 'sql'>, statements: readonly string[]): Shape[] {
  return statements.map((sql) => ({ ...common, sql }));
}
