import type { Session } from '../db/session.ts';
import type { Action, ActionOf } from '../sql/action.ts';
import { detachState, existing, madeValid } from './leftovers.ts';
import type { StatementRow } from './ledger.ts';
import { isRepeatable, type OnlineWork } from './online.ts';
import type { Step } from './steps.ts';

/** An earlier run died in the middle of a statement, and nothing on the server tells whether it happened. */
export class UnknownOutcome extends Error {
  readonly index: number;
  readonly line: number;

  constructor({ index, line }: { readonly index: number; readonly line: number }) {
    super(`statement ${index} may or may not have happened`);
    this.name = 'UnknownOutcome';
    this.index = index;
    this.line = line;
  }
}

/** What to do about a statement that an earlier run has begun, whose end is not known. Throws {@link UnknownOutcome} where a person must say. */
export async function probe(
  main: Session,
  step: Step,
  online: OnlineWork | null,
  before: StatementRow,
): Promise<'run' | 'done' | 'finalize'> {
  const { action } = step.statement;
  switch (online?.kind) {
    case 'create-index':
      return (await madeValid(main, before.trail)) ? 'done' : 'run';
    case 'drop-index':
      return (await existing(main, online.indexes)).length === 0 ? 'done' : 'run';
    case 'detach-partition': {
      const state = await detachState(main, online);
      return state === 'detached' ? 'done' : state === 'pending' ? 'finalize' : 'run';
    }
    default:
      if (action.kind === 'runs-alone' && action.object !== null)
        return (await exists(main, action.object)) === (action.object.command === 'create') ? 'done' : 'run';
      if (isRepeatable(action)) return 'run';
      throw new UnknownOutcome({ index: step.statement.index, line: step.line });
  }
}

/** What it creates is there, or what it drops is not: it will change nothing, and needs no note that it is about to. */
export async function cannotHappen(main: Session, action: Action): Promise<boolean> {
  if (action.kind !== 'runs-alone' || action.object === null) return false;
  return (await exists(main, action.object)) === (action.object.command === 'create');
}

type ClusterObject = NonNullable<ActionOf<'runs-alone'>['object']>;

async function exists(main: Session, { type, name }: ClusterObject): Promise<boolean> {
  const rows = await main.query(EXISTS[type], [name]);
  return rows.length > 0;
}

const EXISTS: Readonly<Record<ClusterObject['type'], string>> = {
  database: 'SELECT FROM pg_catalog.pg_database WHERE datname = $1',
  tablespace: 'SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1',
  subscription: `SELECT FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
                  WHERE s.subname = $1 AND d.datname = pg_catalog.current_database()`,
};
