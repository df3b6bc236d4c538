import { divide } from '../effects/units.ts';
import { roughDuration } from '../duration.ts';
import { capDirective } from '../sql/cap-directive.ts';
import { notForServer } from '../sql/not-for-server.ts';
import type { Script } from '../sql/statement.ts';
import { ownFailure, placeFailure, syntaxFailure } from './failure.ts';
import { oddities } from './oddities.ts';
import { isOpen, type PlanEntry } from './plan.ts';
import { findRequired, neverMet, requirementsOf } from './requirements.ts';
import { stop, type Stop } from './stop.ts';

/** What becomes of a migration that comes before one that is applied already. */
export type OutOfOrderPolicy = 'refuse' | 'warn' | 'allow';

interface Intent {
  /** All of them, in migration order. */
  readonly entries: readonly PlanEntry[];
  /** Those to run. */
  readonly open: readonly PlanEntry[];
  /** By name. */
  readonly scripts: ReadonlyMap<string, Script>;
  /** The backfills that the database knows. */
  readonly backfills: readonly string[];
  readonly outOfOrder: OutOfOrderPolicy;
  /** The longest cap that a file may ask for. */
  readonly maxCapMs: number;
}

interface Preflight {
  /** Why nothing is run at all; null when the run can begin. */
  readonly refused: Stop | null;
  readonly warnings: readonly { readonly path: string; readonly message: string }[];
}

/** What can be known before anything is run: what cannot run to its end is not begun, nor anything before it. */
export function preflight(intent: Intent): Preflight {
  const { entries, open, outOfOrder } = intent;
  const refused =
    refuseEdited(entries) ??
    refuseGone(entries) ??
    (outOfOrder === 'refuse' ? refuseOutOfOrder(intent) : null) ??
    refuseUnreadable(intent) ??
    refuseCap(intent) ??
    refuseRequirements(intent);
  const odd = open.flatMap(({ path, name, kind }) => {
    const script = kind === 'backfill' ? undefined : intent.scripts.get(name);
    return script === undefined ? [] : oddities(script).map((message) => ({ path, message }));
  });
  return { refused, warnings: [...warnings(intent), ...odd] };
}

function refuseEdited(entries: readonly PlanEntry[]): Stop | null {
  const edited = entries.filter(({ standing }) => standing === 'edited');
  const [first] = edited;
  if (first === undefined) return null;
  const others = edited.length === 1 ? '' : `, and so were ${edited.length - 1} more`;
  return stop(
    'edited',
    `${first.path} was edited after it was applied on ${first.row?.finishedAt ?? 'this server'}${others}.`,
    `Restore the file as it was applied, and write the change as a new migration; or accept the file as it is now: tiptoe repair ${first.name} --as applied --reason '…'.`,
  );
}

/** What stands of it would be taken for all of it. */
function refuseGone(entries: readonly PlanEntry[]): Stop | null {
  const gone = entries.find(({ file, standing }) => file === null && standing !== 'missing');
  if (gone === undefined) return null;
  return stop(
    'file-gone',
    `${gone.name} is half-done and its file ${gone.path} is gone; nothing was applied.`,
    `Restore the file under its old name, and run again; or say what stands of it: tiptoe repair ${gone.name} --as applied (or pending) --reason '…'.`,
  );
}

/** One that has begun goes on: someone has allowed it once. */
function refuseOutOfOrder({ entries, open, backfills }: Intent): Stop | null {
  const late = open.filter((entry) => isLate(entry, backfills) && entry.standing === 'pending');
  const [first] = late;
  if (first === undefined) return null;
  const after = entries.findLast((entry) => !isOpen(entry));
  const others = late.length === 1 ? '' : `, and so do ${late.length - 1} more`;
  return stop(
    'out-of-order',
    `${first.path} comes before ${after?.name ?? 'a migration'}, which is applied already${others}; nothing was applied.`,
    'Give it a newer version, so that every server runs the same order; or run it now with --out-of-order warn.',
  );
}

function refuseUnreadable({ open, scripts }: Intent): Stop | null {
  for (const { name } of open) {
    const script = scripts.get(name);
    if (script === undefined) continue;
    const unsendable = notForServer(script);
    if (unsendable !== null) {
      const { offset, what, advice } = unsendable;
      const failure = placeFailure(script, offset, `${what} is not for the server.`, advice);
      const message = `${failure.path} has ${what}, in line ${failure.line}; nothing was applied.`;
      return stop('not-plain-sql', message, null, { failure });
    }
    const [fault] = script.faults;
    if (fault !== undefined) {
      const failure = syntaxFailure(script, fault);
      const message = `${failure.path} has a syntax error in line ${failure.line}; nothing was applied.`;
      return stop('syntax-error', message, null, { failure });
    }
    const division = divide(script);
    if (division.kind === 'refused') {
      const failure = ownFailure(script, division.statement, division.message, division.advice);
      return stop('transaction-control', `${failure.path} cannot be applied as it is; nothing was applied.`, null, {
        failure,
      });
    }
  }
  return null;
}

function refuseCap({ open, scripts, maxCapMs }: Intent): Stop | null {
  for (const { name, path } of open) {
    const script = scripts.get(name);
    const cap = script === undefined ? null : capDirective(script.comments);
    if (script === undefined || cap === null || (cap.kind === 'cap' && cap.ms <= maxCapMs)) continue;
    const [message, advice] =
      cap.kind === 'broken'
        ? [`${cap.message}.`, cap.instead]
        : [
            `A cap of ${roughDuration(cap.ms)} is longer than the ${roughDuration(maxCapMs)} that a file may ask for.`,
            'Split the work into steps that are quick under their locks, or allow more with --max-cap.',
          ];
    return stop('bad-cap', `${path} asks for a cap that it cannot have; nothing was applied.`, null, {
      failure: placeFailure(script, cap.range.start, message, advice),
    });
  }
  return null;
}

function refuseRequirements({ entries, open, scripts, backfills }: Intent): Stop | null {
  const requirements = (name: string) => {
    const script = scripts.get(name);
    return script === undefined ? [] : requirementsOf(script);
  };
  const requiredBy = ({ name }: PlanEntry): PlanEntry[] =>
    requirements(name).flatMap((requirement) => {
      const required = findRequired(requirement, entries, backfills);
      return required.kind === 'migration' ? [required.entry] : [];
    });
  for (const entry of open) {
    const script = scripts.get(entry.name);
    if (script === undefined) continue;
    for (const requirement of requirements(entry.name)) {
      const required = findRequired(requirement, entries, backfills);
      const never = required.kind === 'migration' ? neverMet(entry, required.entry, entries, requiredBy) : null;
      if (required.kind !== 'unknown' && never === null) continue;
      const { message, advice } =
        required.kind === 'unknown'
          ? required
          : { message: never ?? '', advice: 'A migration can only require what comes before it: rename one of them.' };
      return stop('requirement', `${entry.path} requires what cannot come first; nothing was applied.`, null, {
        failure: placeFailure(script, requirement.range.start, message, advice),
      });
    }
  }
  return null;
}

/** A registered backfill was passed in its place, by what did not need it. */
function isLate({ outOfOrder, kind, name }: PlanEntry, backfills: readonly string[]): boolean {
  return outOfOrder && !(kind === 'backfill' && backfills.includes(name));
}

function warnings({ entries, open, backfills, outOfOrder: policy }: Intent): Preflight['warnings'] {
  return entries.flatMap((entry) => {
    const { path, name, standing } = entry;
    if (isLate(entry, backfills) && policy !== 'allow' && open.includes(entry))
      return [{ path, message: `${name} comes before migrations that are applied already.` }];
    return standing === 'missing' ? [{ path, message: `${name} is applied, and its file is gone.` }] : [];
  });
}
