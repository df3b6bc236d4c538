import type { Action, ActionOf, AlterCommand } from '../sql/action.ts';
import type { Code, CodeStep } from '../sql/code.ts';
import { presentPart } from './absent.ts';
import { alterTable } from './alter-table.ts';
import {
  descendants,
  type Catalog,
  creationSchema,
  findIndex,
  findTable,
  keyOf,
  resolve,
  type Sequence,
  typeKey,
} from './catalog.ts';
import { codeOf, type Running } from './code.ts';
import { createIndex, createTable } from './create.ts';
import { alterFunction, createFunction, dropFunctions, moveFunctions } from './functions.ts';
import { attachIndex } from './partition-index.ts';
import { addSequence, addTable, drop, mention, move, own } from './relations.ts';
import { alterPublication, createPublication, createStatistics, statisticsKey } from './publications.ts';
import { rename } from './rename.ts';
import { elementsOf, inSchema } from './schema-elements.ts';
import { discard, foldTransaction, set } from './session.ts';
import { createRule, createTrigger, dropTableObject, renameCalls, setPolicy } from './table-objects.ts';
import {
  alterComposite,
  alterDomain,
  alterEnum,
  changeType,
  createComposite,
  createDomain,
  dropTypes,
  typesIn,
} from './types.ts';
import { createView } from './views.ts';

/** Brings the catalog from before a statement to after it. What contradicts the history (a drop of an unknown table) changes nothing. */
export function fold(catalog: Catalog, action: Action): void {
  foldCode(catalog, codeOf(catalog, action), new Set());
  foldStatement(catalog, action);
}

function foldCode(catalog: Catalog, codes: readonly Running[], entered: Set<Code>): void {
  for (const { code } of codes) {
    if (code.kind === 'unreadable' || entered.has(code)) continue;
    entered.add(code);
    for (const step of code.steps) {
      foldCode(catalog, codeOf(catalog, step.action, step.computes), entered);
      const change = landed(step);
      if (change !== null) foldStatement(catalog, change);
    }
  }
}

/**
 * What a statement in code leaves behind. Code is mostly written to run twice (IF NOT EXISTS …, EXCEPTION WHEN duplicate_object …), so what is
 * there already stays what it is, and what is not there is made, in branches too. What a branch drops may still be there, unless the branch
 * asked for it first: to take a table for gone that is not would hide what later statements do to it.
 */
export function landed({ action, named, certain }: CodeStep): Action | null {
  if (!named) return null;
  switch (action.kind) {
    case 'create-table':
    case 'create-table-as':
    case 'create-index':
      return { ...action, ifNotExists: true };
    case 'drop-relation':
    case 'drop-schema':
      return certain ? action : null;
    case 'alter-table': {
      const commands = action.commands.flatMap((command): AlterCommand[] => {
        if (command.kind === 'add-column') return [{ ...command, ifNotExists: true }];
        return command.kind === 'drop-column' && !certain ? [] : [command];
      });
      return { ...action, ifExists: true, commands };
    }
    default:
      return action;
  }
}

/** Without the code that it runs. */
export function foldStatement(catalog: Catalog, statement: Action): void {
  const action = presentPart(catalog, statement);
  if (action === null) return;
  switch (action.kind) {
    case 'create-table':
      createTable(catalog, action);
      break;
    case 'create-table-as': {
      const key = keyOf(creationSchema(catalog, action.name), action.name.name);
      if (action.ifNotExists && catalog.relations.has(key)) break;
      // The columns of a query are not known here.
      if (action.relationKind === 'table') {
        const table = addTable(catalog, action.name, {
          persistence: action.persistence,
          accessMethod: 'heap',
          tablespace: 'pg_default',
        });
        if (action.onCommitDrop) catalog.temporary.set(table, 'transaction');
      } else createView(catalog, 'materialized-view', { ...action, temporary: false, base: null });
      break;
    }
    case 'create-view':
      createView(catalog, 'view', action);
      break;
    case 'create-sequence':
      addSequence(catalog, action.name, owner(catalog, action.ownedBy));
      break;
    case 'alter-sequence': {
      const sequence = catalog.relations.get(resolve(catalog, action.name));
      if (sequence?.kind === 'sequence' && action.ownedBy !== null) own(sequence, owner(catalog, action.ownedBy));
      break;
    }
    case 'create-index':
      createIndex(catalog, action);
      break;
    case 'alter-table': {
      if (action.relationKind === 'index') {
        const index = findIndex(catalog, action.name);
        for (const command of action.commands)
          if (index !== null && command.kind === 'attach-partition') attachIndex(catalog, index, command.partition);
        break;
      }
      // ALTER TABLE may name a view, an index or a sequence, and is then what ALTER VIEW and so on are.
      const table = mention(catalog, action.name);
      if (table === null) break;
      for (const command of action.commands) alterTable(catalog, table, command, action.only);
      break;
    }
    case 'cluster': {
      const table = action.table === null ? null : mention(catalog, action.table);
      if (table !== null) table.clustered = true;
      break;
    }
    case 'rename':
      rename(catalog, action);
      break;
    case 'set-schema': {
      const relation = catalog.relations.get(resolve(catalog, action.relation));
      if (relation !== undefined) move(catalog, relation, action.schema, relation.name);
      break;
    }
    case 'drop-relation':
      for (const name of action.names) {
        const relation = catalog.relations.get(resolve(catalog, name));
        if (relation === undefined && !action.ifExists) catalog.gaps = true;
        // Without CASCADE the server refuses to drop a table from which others inherit.
        if (relation?.kind === 'table') for (const child of descendants(relation)) drop(catalog, child);
        drop(catalog, relation);
      }
      break;
    case 'drop-schema':
      for (const relation of catalog.relations.values()) {
        if (action.names.includes(relation.schema)) drop(catalog, relation);
      }
      for (const name of action.names) {
        moveFunctions(catalog, name, null);
        dropTypes(catalog, typesIn(catalog, name));
      }
      break;
    case 'rename-schema':
      for (const relation of catalog.relations.values()) {
        if (relation.schema === action.from) move(catalog, relation, action.to, relation.name);
      }
      for (const key of typesIn(catalog, action.from)) {
        const name = { schema: action.from, name: key.slice(action.from.length + 1) };
        changeType(catalog, { kind: 'change-type', name, to: { schema: action.to } });
      }
      for (const key of catalog.functions.keys())
        if (key.startsWith(`${action.from}.`))
          renameCalls(catalog, key, `${action.to}${key.slice(action.from.length)}`);
      moveFunctions(catalog, action.from, action.to);
      break;
    case 'create-trigger':
      createTrigger(catalog, action);
      break;
    case 'create-rule':
      createRule(catalog, action);
      break;
    case 'create-policy':
    case 'alter-policy':
      setPolicy(catalog, action);
      break;
    case 'drop-table-object':
      dropTableObject(catalog, action);
      break;
    case 'create-function':
      createFunction(catalog, action);
      break;
    case 'alter-function':
      alterFunction(catalog, action);
      break;
    case 'drop-function':
      dropFunctions(catalog, action);
      break;
    case 'prepare':
      catalog.prepared.set(action.name, action.action);
      break;
    case 'deallocate':
      if (action.name === null) catalog.prepared.clear();
      else catalog.prepared.delete(action.name);
      break;
    case 'create-domain':
      createDomain(catalog, action);
      break;
    case 'alter-domain':
      alterDomain(catalog, action);
      break;
    case 'create-enum':
      catalog.enums.set(keyOf(creationSchema(catalog, action.name), action.name.name), [...action.values]);
      break;
    case 'alter-enum':
      alterEnum(catalog, action);
      break;
    case 'create-composite':
      createComposite(catalog, action);
      break;
    case 'alter-composite':
      alterComposite(catalog, action);
      break;
    case 'create-range':
      catalog.ranges.set(keyOf(creationSchema(catalog, action.name), action.name.name), action.subtype);
      break;
    case 'change-type':
      changeType(catalog, action);
      break;
    case 'drop-type':
      dropTypes(
        catalog,
        action.names.map((name) => typeKey(catalog, name)),
      );
      break;
    case 'create-publication':
      createPublication(catalog, action);
      break;
    case 'alter-publication':
      alterPublication(catalog, action);
      break;
    case 'rename-publication': {
      const known = catalog.publications.get(action.from);
      catalog.publications.delete(action.from);
      if (known !== undefined) catalog.publications.set(action.to, known);
      break;
    }
    case 'drop-publication':
      for (const name of action.names) catalog.publications.delete(name);
      break;
    case 'create-statistics':
      createStatistics(catalog, action);
      break;
    case 'drop-statistics':
      for (const name of action.names) catalog.statistics.delete(statisticsKey(catalog, name));
      break;
    case 'dml':
      if (!catalog.relations.has(resolve(catalog, action.table))) catalog.gaps = true;
      else if (action.command === 'insert' && action.sources.length === 0) {
        const table = findTable(catalog, action.table);
        if (table !== null) table.seeds += 1;
      }
      break;
    case 'transaction':
      foldTransaction(catalog, action);
      break;
    case 'set':
      set(catalog, action);
      break;
    case 'discard':
      discard(catalog, action);
      break;
    case 'create-schema': {
      const { searchPath } = catalog;
      catalog.searchPath = inSchema(catalog, action.name);
      for (const element of elementsOf(action)) foldStatement(catalog, element);
      catalog.searchPath = searchPath;
      break;
    }
    default:
      break;
  }
}

function owner(catalog: Catalog, ownedBy: ActionOf<'create-sequence'>['ownedBy']): Sequence['ownedBy'] {
  const table = ownedBy === null ? null : mention(catalog, ownedBy.table);
  return table === null || ownedBy === null ? null : { table, column: ownedBy.column };
}
