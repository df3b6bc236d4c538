import type { Constraint, IndexElem, Node } from '../libpg.ts';
import type { ConstraintDef } from '../action.ts';
import { expression } from './expression.ts';
import { indexNameParts } from './index-name.ts';
import { relationName, strings } from './name.ts';

/**
 * Null for what is not a constraint of its own: DEFAULT, NULL, DEFERRABLE and the like. `column` is the one it is written beside; there the
 * attributes of the constraint come as constraints `after` it.
 */
export function constraint(
  node: Constraint,
  column: string | null,
  after: readonly Constraint[],
): ConstraintDef | null {
  const attributes = attributesIn(after);
  const enforced = isEnforced(node) && !attributes.includes('CONSTR_ATTR_NOT_ENFORCED');
  const name = node.conname ?? null;
  const validated = node.skip_validation !== true;
  const deferrable = node.deferrable === true || attributes.includes('CONSTR_ATTR_DEFERRABLE');
  const beside = column === null ? [] : [column];
  switch (node.contype) {
    case 'CONSTR_CHECK':
      return {
        name,
        validated,
        deferrable,
        kind: 'check',
        expression: expression(node.raw_expr),
        noInherit: node.is_no_inherit === true,
        enforced,
      };
    case 'CONSTR_NOTNULL':
      return {
        name,
        validated,
        deferrable,
        kind: 'not-null',
        column: column ?? strings(node.keys)[0] ?? '',
        noInherit: node.is_no_inherit === true,
        enforced: true,
      };
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
      return {
        name,
        validated,
        deferrable,
        kind: node.contype === 'CONSTR_UNIQUE' ? 'unique' : 'primary-key',
        columns: node.keys === undefined ? beside : strings(node.keys),
        usingIndex: node.indexname ?? null,
        enforced: true,
      };
    case 'CONSTR_EXCLUSION': {
      const elements = excludedElements(node.exclusions);
      const computed = [
        ...elements.flatMap(({ expr }) => expr ?? []),
        ...(node.where_clause === undefined ? [] : [node.where_clause]),
      ];
      return {
        name,
        validated,
        deferrable,
        kind: 'exclude',
        columns: elements.flatMap(({ name }) => name ?? []),
        nameParts: indexNameParts(elements),
        computedFrom: computed.flatMap((part) => expression(part).columns),
        enforced: true,
      };
    }
    case 'CONSTR_FOREIGN':
      return {
        name,
        validated,
        deferrable,
        kind: 'foreign-key',
        columns: node.fk_attrs === undefined ? beside : strings(node.fk_attrs),
        references: relationName(node.pktable),
        referencedColumns: strings(node.pk_attrs),
        deleteWrites: ['c', 'n', 'd'].includes(node.fk_del_action ?? 'a'),
        enforced,
      };
    default:
      return null;
  }
}

function attributesIn(after: readonly Constraint[]): string[] {
  const attributes: string[] = [];
  for (const { contype = '' } of after) {
    if (!contype.startsWith('CONSTR_ATTR_')) break;
    attributes.push(contype);
  }
  return attributes;
}

/** The parser leaves out fields that are false, so an enforced constraint says so and NOT ENFORCED is silence. */
function isEnforced(node: Constraint): boolean {
  return node.is_enforced === true;
}

/** Each exclusion is a list of an index element and an operator. */
function excludedElements(exclusions: readonly Node[] | undefined): IndexElem[] {
  return (exclusions ?? []).flatMap((exclusion) => {
    const [element] = 'List' in exclusion ? (exclusion.List.items ?? []) : [];
    return element !== undefined && 'IndexElem' in element ? [element.IndexElem] : [];
  });
}
