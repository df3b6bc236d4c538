import { type Catalog, qualifiedName, type Relation, typeKey } from '../../src/catalog/catalog.ts';
import type { TypeName } from '../../src/sql/action.ts';

/** What a catalog knows, as plain data by name, so that two that know the same are equal. */
export function describeCatalog(catalog: Catalog): Record<string, unknown> {
  const relations = [...catalog.relations.entries()].map(([key, relation]) => [
    key,
    describeRelation(catalog, relation),
  ]);
  const domains = [...catalog.domains].map(([key, { base, notNull, checks }]) => [
    key,
    { base: spell(catalog, base), notNull, checks: [...checks].sort() },
  ]);
  return {
    relations: Object.fromEntries(sorted(relations)),
    domains: Object.fromEntries(sorted(domains)),
    publications: Object.fromEntries(
      sorted(
        [...catalog.publications].map(([name, { tables, schemas, ...publication }]) => [
          name,
          {
            ...publication,
            tables: [...tables]
              .map(([table, { columns }]) => `${qualifiedName(table)} ${columns?.join() ?? ''}`)
              .sort(),
            schemas: [...schemas].sort(),
          },
        ]),
      ),
    ),
    enums: Object.fromEntries(sorted([...catalog.enums])),
  };
}

function describeRelation(catalog: Catalog, relation: Relation): Record<string, unknown> {
  switch (relation.kind) {
    case 'table':
    case 'foreign-table':
      return {
        kind: relation.kind,
        persistence: relation.persistence,
        partitionBy: relation.partitionBy,
        bound: relation.bound?.kind ?? null,
        replicaIdentity:
          typeof relation.replicaIdentity === 'string' ? relation.replicaIdentity : relation.replicaIdentity.name,
        columns: Object.fromEntries(
          [...relation.columns].map(([name, column]) => [
            name,
            { ...column, default: null, sequences: null, type: spell(catalog, column.type) },
          ]),
        ),
        // Named NOT NULL constraints came with 18; the columns say what they mean.
        constraints: [...relation.constraints.values()]
          .filter(({ kind }) => kind !== 'not-null')
          .map(({ name, kind, validated, columns, references }) => ({
            name,
            kind,
            validated,
            columns: [...columns].sort(),
            references: references === null ? null : qualifiedName(references),
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
        indexes: names(relation.indexes),
        parents: names(relation.parents),
        children: names(relation.children),
        referencedBy: names(relation.referencedBy),
        sequences: names(relation.sequences),
      };
    case 'index':
      return {
        kind: 'index',
        table: qualifiedName(relation.table),
        unique: relation.unique,
        columns: relation.columns,
        computedFrom: [...new Set(relation.computedFrom)].sort(),
      };
    case 'view':
    case 'materialized-view':
      return { kind: relation.kind, reads: names(relation.reads.keys()), indexes: names(relation.indexes) };
    case 'sequence':
      return {
        kind: 'sequence',
        ownedBy:
          relation.ownedBy === null ? null : `${qualifiedName(relation.ownedBy.table)}.${relation.ownedBy.column}`,
      };
  }
}

function names(relations: Iterable<Relation>): string[] {
  return [...relations].map(qualifiedName).sort();
}

const SERIAL: Readonly<Record<string, string>> = { serial: 'int4', bigserial: 'int8', smallserial: 'int2' };

function spell(catalog: Catalog, type: TypeName): string {
  const key = typeKey(catalog, type);
  const known = catalog.domains.has(key) || catalog.enums.has(key);
  const name = known ? key : (SERIAL[type.name] ?? type.name);
  return `${name}(${type.modifiers.join(',')})${type.array ? '[]' : ''}`;
}

function sorted<T>(entries: T[][]): T[][] {
  return entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}
