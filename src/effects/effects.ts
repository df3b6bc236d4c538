import { presentPart } from '../catalog/absent.ts';
import { type Catalog, creationSchema, functionKey, keyOf } from '../catalog/catalog.ts';
import { elementsOf, inSchema } from '../catalog/schema-elements.ts';
import type { Action } from '../sql/action.ts';
import { alterTableEffects } from './alter-table.ts';
import { Collector } from './collector.ts';
import { createTableEffects } from './create-table.ts';
import { alterCompositeEffects, alterDomainEffects } from './domains.ts';
import { dropEffects, dropFunctionEffects, dropSchemaEffects, dropTypeEffects } from './drop.ts';
import type { Effects } from './effect.ts';
import { runStatement, type Visited } from './run-code.ts';
import { createIndexEffects, reindexEffects } from './indexes.ts';
import { analyzeEffects, clusterEffects, refreshEffects, vacuumEffects } from './maintenance.ts';
import { calledEffects, createFunctionEffects, plannedEffects } from './functions.ts';
import {
  createTableAsEffects,
  dmlEffects,
  lockTableEffects,
  selectEffects,
  truncateEffects,
  unplanned,
} from './queries.ts';
import {
  commentEffects,
  createRuleEffects,
  createTriggerEffects,
  dependsOnExtensionEffects,
  dropTableObjectEffects,
  policyEffects,
} from './table-objects.ts';
import { dropStatisticsEffects, publicationEffects } from './publications.ts';
import { renameEffects, setSchemaEffects } from './rename.ts';

/**
 * What a statement locks, rewrites and scans, the code that it runs included, given the catalog before it and the server's major version
 * (13 to 18). Brings the catalog to after the statement; `visit` sees it, and then each statement that its code runs.
 */
export function advance(
  catalog: Catalog,
  action: Action,
  version: number,
  visit: (visited: Visited) => void = () => undefined,
): Effects {
  return runStatement(catalog, action, (one) => effects(one, catalog, version), visit);
}

/** What a statement does by itself: of DO, EXECUTE and functions that it calls, nothing. */
export function effects(action: Action, catalog: Catalog, version: number): Effects {
  const out = new Collector(catalog, action.kind);
  const present = presentPart(catalog, action);
  if (present !== null) collect(out, present, catalog, version);
  return out.result();
}

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

function collect(out: Collector, action: Action, catalog: Catalog, version: number): void {
  switch (action.kind) {
    case 'create-table':
      createTableEffects(out, catalog, version, action);
      break;
    case 'create-table-as':
      createTableAsEffects(out, action);
      if (action.withData) calledEffects(out, catalog, action.functions, action.reads.length > 0);
      break;
    case 'create-view': {
      const schema = action.temporary ? 'pg_temp' : creationSchema(catalog, action.name);
      const existing = catalog.relations.get(keyOf(schema, action.name.name));
      if (existing !== undefined && action.orReplace)
        out.relation(existing, AX, 'CREATE OR REPLACE VIEW changes the view that is there');
      out.named(action.reads, 'the view reads it');
      break;
    }
    case 'create-sequence':
    case 'alter-sequence':
      if (action.kind === 'alter-sequence')
        out.name(action.name, 'ShareRowExclusiveLock', 'ALTER SEQUENCE changes the sequence');
      if (action.ownedBy !== null)
        out.name(action.ownedBy.table, 'AccessShareLock', 'the sequence belongs to a column of it');
      break;
    case 'create-index':
      createIndexEffects(out, catalog, action);
      break;
    case 'alter-table':
      alterTableEffects(out, catalog, version, action);
      break;
    case 'rename':
      renameEffects(out, action, version);
      break;
    case 'set-schema':
      setSchemaEffects(out, action);
      break;
    case 'drop-relation':
      dropEffects(out, catalog, version, action);
      break;
    case 'drop-schema':
      dropSchemaEffects(out, catalog, version, action);
      break;
    case 'create-trigger':
      createTriggerEffects(out, action);
      break;
    case 'create-rule':
      createRuleEffects(out, action);
      break;
    case 'create-policy':
    case 'alter-policy':
      policyEffects(out, action);
      break;
    case 'drop-table-object':
      dropTableObjectEffects(out, action);
      break;
    case 'depends-on-extension':
      dependsOnExtensionEffects(out, action);
      break;
    case 'reindex':
      reindexEffects(out, catalog, action);
      break;
    case 'cluster':
      clusterEffects(out, catalog, action);
      break;
    case 'vacuum':
      vacuumEffects(out, catalog, action, version);
      break;
    case 'analyze':
      analyzeEffects(out, catalog, action, version);
      break;
    case 'refresh-materialized-view':
      refreshEffects(out, catalog, action);
      break;
    case 'truncate':
      truncateEffects(out, version, action);
      break;
    case 'lock-table':
      lockTableEffects(out, action);
      break;
    case 'comment':
      commentEffects(out, action);
      break;
    case 'grant':
      if (version >= 18)
        for (const name of action.relations)
          out.name(name, 'AccessShareLock', 'GRANT and REVOKE lock what they name from 18 on');
      break;
    case 'create-schema': {
      const inside = { ...catalog, searchPath: inSchema(catalog, action.name) };
      for (const element of elementsOf(action)) {
        for (const effect of effects(element, inside, version).relations)
          if (catalog.relations.has(effect.relation)) out.key(effect.relation, effect.lock, effect.because);
      }
      break;
    }
    case 'create-publication':
    case 'alter-publication':
      publicationEffects(out, catalog, action);
      break;
    case 'create-statistics':
      for (const name of action.tables) out.name(name, SUX, 'statistics are made for it');
      break;
    case 'drop-statistics':
      dropStatisticsEffects(out, catalog, action);
      break;
    case 'alter-composite':
      alterCompositeEffects(out, catalog, action);
      break;
    case 'drop-type':
      dropTypeEffects(out, catalog, version, action);
      break;
    case 'drop-function':
      if (action.cascade)
        dropFunctionEffects(
          out,
          catalog,
          action.functions.map(({ name }) => functionKey(catalog, name)),
        );
      break;
    case 'dml':
      dmlEffects(out, action);
      calledEffects(out, catalog, action.functions, !action.values || action.reads.length > 0);
      break;
    case 'select':
      selectEffects(out, action);
      calledEffects(out, catalog, action.functions, action.reads.length > 0);
      break;
    case 'call':
      calledEffects(out, catalog, [action.call]);
      break;
    case 'prepare':
      plannedEffects(out, certainEffects(effects(unplanned(action.action), catalog, version)));
      break;
    case 'explain':
      plannedEffects(out, effects(action.action, catalog, version));
      break;
    case 'create-function':
      createFunctionEffects(out, action, (one) => effects(one, catalog, version));
      break;
    case 'alter-domain':
      alterDomainEffects(out, catalog, action);
      break;
    case 'unknown':
      for (const name of action.relations)
        out.name(name, AX, `${action.node} is not known, so the strongest lock is assumed`);
      out.notUnderstood(`${action.node.replace(/Stmt$/, '')} is not known`);
      break;
    // What these run is code, and that is judged statement by statement.
    case 'do':
    case 'execute':
      break;
    // These lock no relation.
    case 'rename-schema':
    case 'alter-function':
    case 'rename-publication':
    case 'drop-publication':
    case 'create-composite':
    case 'create-range':
    case 'change-type':
    case 'deallocate':
    case 'create-domain':
    case 'create-enum':
    case 'alter-enum':
    case 'create-extension':
    case 'no-relation':
    case 'runs-alone':
    case 'set':
    case 'discard':
    case 'transaction':
      break;
  }
}

/** Without what only rows decide. */
function certainEffects({ relations, notUnderstood }: Effects): Effects {
  return { relations: relations.filter(({ certain }) => certain !== null), notUnderstood };
}
