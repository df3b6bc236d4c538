import type { Session } from './session.ts';

/** Where unqualified names of this session's role are found. */
export async function readSearchPath(session: Session): Promise<string[]> {
  const rows = await session.query<{ schema: string }>(
    `SELECT s.schema FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS s (schema, place) ORDER BY s.place`,
  );
  return rows.map(({ schema }) => schema);
}
